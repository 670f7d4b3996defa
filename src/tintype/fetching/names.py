"""File names that came from somewhere else, made fit for a folder of ours."""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from tintype.errors import FetchError, InvalidRequest, shown

_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*\ud800-\udfff]')
_LONGEST_BYTES = 200  # file systems end at 255, and we add `.part.json`


def fit_name(text: str) -> str:
    """A file name close to a text: no folder, no control characters, not hidden, not too long.

    Raises:
        FetchError: nothing is left of it.
    """
    name = _UNFIT.sub("_", text.replace("\\", "/").rsplit("/", 1)[-1]).strip(" .")
    stem, dot, extension = name.rpartition(".")
    stem, extension = (stem, dot + extension) if dot and len(extension) <= 12 else (name, "")
    while len(f"{stem}{extension}".encode()) > _LONGEST_BYTES:
        stem = stem[:-1]
    if not stem.strip(" ._"):
        raise FetchError(f"{shown(text)} is no name for a file; give it one with --name")
    return stem + extension


def chosen_name(text: str) -> str:
    """What somebody gave as `--name`: a file name without extension, or a path of such.

    Raises:
        InvalidRequest: it leads out of the folder of its kind.
    """
    parts = text.strip().replace("\\", "/").split("/")
    if any(part.strip(" .") == "" or _UNFIT.search(part) for part in parts):
        raise InvalidRequest("--name", f"{shown(text)} is no name for a file in a models folder")
    return "/".join(parts)


def relative_name(text: str) -> str:
    """The path of a file below its folder, as a source tells it.

    Raises:
        FetchError: it would lie outside, or is no path at all.
    """
    path = PurePosixPath(text)
    parts = text.split("/")
    if path.is_absolute() or any(_is_unsafe(part) for part in parts):
        raise FetchError(f"a file is called {shown(text)} there, which leads out of its folder")
    return text


def listed(names: Iterable[str], most: int = 20) -> str:
    """Names in a sentence; what is beyond `most` is only counted."""
    known = list(names)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more


def _is_unsafe(part: str) -> bool:
    return part in ("", ".", "..") or _UNFIT.search(part) is not None
