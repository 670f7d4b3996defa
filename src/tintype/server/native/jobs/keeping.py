"""What is remembered of a request: enough to show it again, and to answer in A1111's words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from tintype.core.requests import Plan
from tintype.server.calls.remembering import without_pictures
from tintype.server.native.jobs.fields import JobBody
from tintype.server.sdapi.asking.asked import Asked
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.asking.work import Lines, Matrix, Pictures, Plot, Sheet, Turns, Work
from tintype.server.sdapi.options import Effective
from tintype.server.sdapi.options.table import OPTIONS

_SHEETS = {kind.__name__: kind for kind in (Pictures, Lines, Matrix, Plot, Turns)}


def kept_request(body: JobBody, plans: Sequence[Plan], asked: Asked | None) -> bytes:
    """JSON of a request, with digests in place of pictures.

    Args:
        asked: how the form `sdapi` was understood; None for our own.
    """
    told = body.model_dump(exclude_unset=True)
    kept: dict[str, Any] = {
        "request": without_pictures(told),
        "seeds": [plan.seed for plan in plans],
        "warnings": list(dict.fromkeys(text for plan in plans for text in plan.warnings)),
    }
    if asked is not None:
        kept["answer"] = _kept_answer(asked)
    return json.dumps(kept).encode()


def asked_again(kept: Mapping[str, Any]) -> Asked:
    """How a request was understood, as far as `render` asks: without its pictures and work.

    Pictures are not repeated, whatever `include_init_images` says, and nothing is saved.
    """
    answer = kept["answer"]
    kind: type[GenerationBody] = Img2ImgBody if answer["tab"] == "img2img" else Txt2ImgBody
    body = kind.model_validate(answer["body"]).model_copy(update={"save_images": False})
    if isinstance(body, Img2ImgBody):
        body = body.model_copy(update={"include_init_images": False})
    return Asked(
        body=body,
        options=_options(answer["options"]),
        own_options=_options(answer["own_options"]),
        work=Work((), _sheet(answer["sheet"])),
    )


def _kept_answer(asked: Asked) -> dict[str, Any]:
    sheet = asked.work.sheet
    return {
        "tab": "img2img" if isinstance(asked.body, Img2ImgBody) else "txt2img",
        "body": without_pictures(asked.body.model_dump(exclude_unset=True)),
        "options": _changed(asked.options),
        "own_options": _changed(asked.own_options),
        "sheet": {"kind": type(sheet).__name__, **asdict(sheet)},
    }


def _changed(options: Effective) -> dict[str, Any]:
    return {name: v for name, v in options.items() if v != OPTIONS[name].default}


def _options(changed: Mapping[str, Any]) -> dict[str, Any]:
    return {name: option.default for name, option in OPTIONS.items()} | dict(changed)


def _sheet(kept: Mapping[str, Any]) -> Sheet:
    kind = _SHEETS[kept["kind"]]
    fields = {name: value for name, value in kept.items() if name != "kind"}
    return TypeAdapter[Sheet](kind).validate_python(fields)
