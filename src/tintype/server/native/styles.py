"""Styles: words under a name, in the file that A1111 keeps them in."""

from pathlib import Path
from threading import Lock
from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as InPath
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tintype.errors import InvalidRequest, SetupError, UnknownName
from tintype.modelstore import ModelStore
from tintype.planning import Library
from tintype.prompt.style_table import with_style, without_style
from tintype.prompt.styles import Style
from tintype.server.services import ServicesOf
from tintype.whole_files import write_whole

router = APIRouter(tags=["styles"])

_WRITING = Lock()
_BOM = "\ufeff"
_MOST_CHARS = 20_000

StyleName = Annotated[
    str, InPath(min_length=1, max_length=200, description="as requests name it in `styles`")
]


class StyleFields(BaseModel):
    """The words of a style; `{prompt}` in them stands for the prompt they are put around."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"prompt": "{prompt}, pen and ink", "negative_prompt": "colour"}]
        },
    )

    prompt: str = Field("", max_length=_MOST_CHARS)
    negative_prompt: str = Field("", max_length=_MOST_CHARS)


class StyleAnswer(BaseModel):
    """A style."""

    name: str
    prompt: str
    negative_prompt: str


class StylesAnswer(BaseModel):
    """The styles of a server."""

    styles: list[StyleAnswer]


@router.get("/styles", operation_id="listStyles", summary="List the styles")
def list_styles(services: ServicesOf) -> StylesAnswer:
    """In the order of their files."""
    styles = Library(services.models).styles().values()
    return StylesAnswer(styles=[_answer(style) for style in styles])


@router.put("/styles/{name:path}", operation_id="putStyle", summary="Keep a style")
def put_style(name: StyleName, body: StyleFields, services: ServicesOf) -> StyleAnswer:
    """Makes it, or writes it anew where there is one of that name; all else in the file stays."""
    style = Style(_checked(name), body.prompt, body.negative_prompt)
    with _WRITING:
        path = _file_of(name, services.models)
        _rewrite(path, with_style(_text(path), style))
    return _answer(style)


@router.delete(
    "/styles/{name:path}",
    operation_id="deleteStyle",
    status_code=204,
    summary="Forget a style",
    response_class=Response,
    responses={404: {"description": "There is no such style"}},
)
def delete_style(name: StyleName, services: ServicesOf) -> Response:
    """All else in the file stays."""
    with _WRITING:
        holding = [path for path, names in _names(services.models) if name in names]
        if not holding:
            raise UnknownName("style", name, list(Library(services.models).styles()))
        for path in holding:
            _rewrite(path, without_style(_text(path), name))
    return Response(status_code=204)


def _answer(style: Style) -> StyleAnswer:
    return StyleAnswer(name=style.name, prompt=style.prompt, negative_prompt=style.negative_prompt)


def _checked(name: str) -> str:
    if name.startswith("#") or name != name.strip() or not name.isprintable():
        raise InvalidRequest(
            "name", "expected printable characters, no # at the beginning and no blanks around it"
        )
    return name


def _names(models: ModelStore) -> list[tuple[Path, set[str]]]:
    return [(path, {s.name for s in styles}) for path, styles in Library(models).style_files()]


def _file_of(name: str, models: ModelStore) -> Path:
    """The last file that has the style, for that one counts; or else the first, or a new one."""
    files = _names(models)
    holding = [path for path, names in files if name in names]
    return (*holding[-1:], *(path for path, _ in files[:1]), models.new_styles_path())[0]


def _text(path: Path) -> str:
    if not path.exists():
        return _BOM  # spreadsheets take it for Latin-1 otherwise
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise SetupError(f"the styles {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SetupError(f"{path} is not in UTF-8, so nothing is written to it") from error


def _rewrite(path: Path, text: str) -> None:
    """The whole file at once, where it lies or where a link to it leads."""
    place = path.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_whole(place, text.encode("utf-8", errors="surrogatepass"))
    except OSError as error:
        raise SetupError(f"the styles {path} cannot be written: {error.strerror}") from error
