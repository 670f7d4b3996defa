"""Pictures in folders below `outputs/`, named and numbered as A1111 leaves them."""

import os
import re
from dataclasses import dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from threading import Lock

from tintype.errors import InvalidRequest, SetupError
from tintype.imagestore.names import safe_name
from tintype.whole_files import write_whole

PARAMETERS_FILE = "params.txt"  # in the data folder

_COPY_BYTES = 5  # of "-9999", behind a name that is taken
_NUMBER = "([0-9]{1,10})(?![0-9])"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file shall go, and what it shall be called.

    Attributes:
        folder: below `outputs/`.
        name: what tells of the picture; any text, it is made safe.
        first: a word before the number, "grid" for sheets.
        suffix: behind the name, as "-mask".
        is_numbered: with the next number of its folder; without a name it always is.
        replaces: without a number, a file of the same name makes room; else a suffix is added.
    """

    folder: PurePosixPath
    name: str
    first: str = ""
    suffix: str = ""
    is_numbered: bool = True
    replaces: bool = True


class DiskImages:
    """Keeps files under `<data>/outputs`.

    Safe between threads of one process. A file appears under its name only when it is whole and
    on the disk.

    Args:
        folder: the data folder; what is missing in it is made on first need.
    """

    def __init__(self, folder: Path) -> None:
        self._data, self._outputs = folder, folder / "outputs"
        self._lock = Lock()

    def save(self, data: bytes, place: Place, extension: str) -> Path:
        """Keep a file, and say where.

        Raises:
            InvalidRequest: the folder that was asked for is a file, or lies in one.
            SetupError: it cannot be written, say because the disk is full.
        """
        folder = self._outputs / place.folder
        try:
            with self._lock:
                self._outputs.mkdir(parents=True, exist_ok=True)
                _make(folder, place)
                path = _path(folder, place, f".{extension}")
                write_whole(path, data)
        except OSError as error:
            raise _cannot_save(folder, error) from error
        return path

    def save_beside(self, data: bytes, path: Path, extension: str) -> Path:
        """Keep another file under the name of one. Raises as `save`."""
        other = path.with_suffix(f".{extension}")
        try:
            with self._lock:
                write_whole(other, data)
        except OSError as error:
            raise _cannot_save(other.parent, error) from error
        return other

    def has(self, folder: PurePosixPath, name: str) -> bool:
        """Whether there is a file of that name."""
        return (self._outputs / folder / name).exists()

    def note(self, text: str) -> None:
        """Have the last infotext at hand, in `params.txt`. Raises as `save`.

        Written over in place: to move another file there took 3 ms of every call (ext4).
        """
        try:
            with self._lock:
                self._data.mkdir(parents=True, exist_ok=True)
                file = os.open(self._data / PARAMETERS_FILE, os.O_WRONLY | os.O_CREAT, 0o666)
                with open(file, "wb", buffering=0) as params:
                    params.write(text.encode("utf-8", "replace"))
                    params.truncate()
        except OSError as error:
            raise _cannot_save(self._data, error) from error


def _make(folder: Path, place: Place) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        what = f"{str(place.folder)!r} is a file of outputs/, or lies in one; expected a folder"
        raise InvalidRequest("outdir", what) from error


def _cannot_save(folder: Path, error: OSError) -> SetupError:
    return SetupError(f"no picture can be saved in {folder}: {error.strerror}")


def _path(folder: Path, place: Place, extension: str) -> Path:
    """A path that is free, or may be replaced."""
    behind = f"{place.suffix}{extension}"
    room = len(f"{place.first}-0123456789-{behind}".encode()) + _COPY_BYTES
    name = safe_name(place.name, room_bytes=room)
    if place.is_numbered or not name:
        parts = [place.first, _next_number(folder, place.first), name]
        return folder / ("-".join(part for part in parts if part) + behind)
    stem = "-".join(part for part in (place.first, name) if part) + place.suffix
    path = folder / f"{stem}{extension}"
    if place.replaces or not path.exists():
        return path
    copies = (folder / f"{stem}-{copy}{extension}" for copy in count(1))
    return next(copy for copy in copies if not copy.exists())


def _next_number(folder: Path, first: str) -> str:
    """One more than the highest number among the names of files in the folder, or 0."""
    pattern = re.compile(f"{re.escape(first)}-{_NUMBER}" if first else _NUMBER)
    with os.scandir(folder) as entries:  # folders of days begin with a number, too
        starts = [pattern.match(entry.name) for entry in entries if not entry.is_dir()]
    number = 1 + max((int(start[1]) for start in starts if start), default=-1)
    return f"{number:04}" if first else f"{number:05}"
