"""Reading files of an old install without trust: sizes, kinds and encodings are looked at first."""

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import cast

_MOST_BYTES = 16 << 20


class UnreadableFile(ValueError):  # noqa: N818 - reads as the sentence it is
    """A file that is there and cannot be read; its text says why."""


def old_text(path: Path) -> str | None:
    """The text of a file, or None where there is none.

    UTF-8 with or without its mark, UTF-16 with it, or else Windows-1252.

    Raises:
        UnreadableFile: it is no ordinary file, too long, or the system will not say.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableFile("it is no ordinary file")
        if status.st_size > _MOST_BYTES:
            raise UnreadableFile(f"{status.st_size:,} bytes are too many; {_MOST_BYTES:,} are read")
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise UnreadableFile(error.strerror or str(error)) from error
    return _decoded(data)


def old_object(path: Path) -> Mapping[str, object] | None:
    """The JSON object of a file, or None where there is none. Raises `UnreadableFile`."""
    text = old_text(path)
    if text is None:
        return None
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"it is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UnreadableFile("it is no JSON object")
    return cast("dict[str, object]", found)


def names_in(folder: Path) -> list[str]:
    """The names of folders in a folder, in order; none where it cannot be read."""
    try:
        return sorted(entry.name for entry in folder.iterdir() if _is_folder(entry))
    except OSError:
        return []


def is_folder(path: Path) -> bool:
    """Whether it is one; false too where the system will not say, as for circles of links."""
    return _is_folder(path)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _decoded(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
