"""The picture that shows what a model makes: a file beside it, or one in its header."""

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ENDINGS = ("png", "jpg", "jpeg", "webp", "gif", "avif")
"""What previews end in."""

_MOST_BYTES = 20 * 1024 * 1024
_MEDIA_TYPES = {"jpg": "image/jpeg"}  # the others are called as their files end
_THUMBNAIL = "modelspec.thumbnail"
_STARTS = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpg"),
    (8, b"WEBP", "webp"),
    (0, b"GIF8", "gif"),
    (4, b"ftypavi", "avif"),
)


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture as it is in its file.

    Attributes:
        data: its bytes.
        media_type: told by its first bytes, never by its name.
    """

    data: bytes
    media_type: str


def has_preview(path: Path, text: Mapping[str, object]) -> bool:
    """Whether there is a file that should be a picture, or something like it in the header."""
    stated = text.get(_THUMBNAIL)
    in_header = isinstance(stated, str) and stated.startswith("data:image/")
    return in_header or any(True for _ in _files_beside(path))


def preview_of(path: Path, text: Mapping[str, object]) -> Preview | None:
    """The picture of a model, or None.

    Args:
        path: of the model; `<stem>.png` and `<stem>.preview.png` count, as in A1111.
        text: of its header, where `modelspec.thumbnail` may be one.
    """
    found = (_recognised(_read(file)) for file in _files_beside(path))
    return next((preview for preview in found if preview), None) or _thumbnail(text)


def ending_of(data: bytes) -> str | None:
    """What a picture's file should end in, told by its first bytes; None for no picture."""
    return next((e for at, start, e in _STARTS if data[at : at + len(start)] == start), None)


def _files_beside(path: Path) -> Iterator[Path]:
    folder = os.path.isdir(path)
    stem = str(path) if folder else os.path.splitext(path)[0]
    for middle in ("", ".preview"):
        for ending in ENDINGS:
            file = f"{stem}{middle}.{ending}"
            if os.path.isfile(file) and file != str(path):
                yield Path(file)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
    except OSError:
        return b""


def _recognised(data: bytes) -> Preview | None:
    ending = ending_of(data)
    return None if ending is None else Preview(data, _MEDIA_TYPES.get(ending, f"image/{ending}"))


def _thumbnail(text: Mapping[str, object]) -> Preview | None:
    stated = text.get(_THUMBNAIL)
    if not isinstance(stated, str) or not stated.startswith("data:image/"):
        return None
    try:
        return _recognised(base64.b64decode(stated.partition(",")[2], validate=True))
    except (binascii.Error, ValueError):
        return None
