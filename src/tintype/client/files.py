"""Pictures on their way to the server, and the kinds of file they come back as."""

import re
from base64 import b64encode
from io import BytesIO
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from tintype.client.values import opened

if TYPE_CHECKING:
    from PIL import Image

FileKind = Literal["png", "jpeg", "webp", "avif"]

_KINDS: dict[str, FileKind] = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".webp": "webp",
    ".avif": "avif",
}
_ADDRESS = re.compile(r"(?:data:|https?://)", re.IGNORECASE)
_CELL = 8  # pixels of a latent cell; sizes are multiples of it


@runtime_checkable
class Painted(Protocol):
    """A picture that a server holds."""

    @property
    def job_id(self) -> str:
        """The job it belongs to."""
        ...

    @property
    def index(self) -> int:
        """Its number in the job, from 0."""
        ...


if TYPE_CHECKING:
    PictureSource = str | PathLike[str] | bytes | Image.Image | Painted
    """A file's path, its bytes, a picture of Pillow, one that this client has had painted; or as
    text a `data:` address, or an http(s) one if the server allows that."""


def file_of(picture: "str | PathLike[str] | bytes | Image.Image") -> bytes | str:
    """The bytes of a picture's file, or its address where it is one.

    Raises:
        OSError: the file cannot be read.
        TypeError: it is nothing that can be a picture.
    """
    if isinstance(picture, str) and _ADDRESS.match(picture):
        return picture
    if isinstance(picture, str | PathLike):
        return Path(fspath(picture)).read_bytes()
    return picture if isinstance(picture, bytes) else _png_of(picture)


def as_text(file: bytes | str) -> str:
    """A file as a request holds it: base64, or an address as it is."""
    return file if isinstance(file, str) else b64encode(file).decode("ascii")


def size_of(file: bytes | str) -> dict[str, int]:
    """`width` and `height` to edit a picture at: its own, cut to multiples of 8.

    Nothing of a picture behind an address, nor of one that cannot be read here; the server has the
    last word about those.
    """
    if isinstance(file, str):
        return {}
    try:
        width, height = opened(file).size
    except (OSError, SyntaxError, ValueError):
        return {}
    return {"width": max(width // _CELL, 1) * _CELL, "height": max(height // _CELL, 1) * _CELL}


def kind_of(path: Path) -> FileKind:
    """The kind of file a path names. Raises `ValueError` for any we have none of."""
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"{path.name!r}: expected a name that ends in {', '.join(_KINDS)}")
    return kind


def infotext_of(png: bytes) -> str | None:
    """How a picture was made, as its PNG file says; None if it says nothing."""
    text = opened(png).info.get("parameters")
    return text if isinstance(text, str) else None


def _png_of(picture: "Image.Image") -> bytes:
    from PIL import Image  # only where somebody gives one

    if not isinstance(picture, Image.Image):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TypeError(f"expected a path, bytes or a picture of Pillow, got {type(picture)}")
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
