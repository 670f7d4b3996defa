"""Pictures in folders, one for each day, as A1111 leaves them."""

import os
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from threading import Lock

from tintype.errors import SetupError

_PICTURE = re.compile(r"([0-9]+)")
_GRID = re.compile(r"grid-([0-9]+)")


class DiskImages:
    """Keeps files as `outputs/txt2img-images/<YYYY-MM-DD>/NNNNN-<seed>.png`, sheets of several
    pictures as `outputs/txt2img-grids/<YYYY-MM-DD>/grid-NNNN.png`, and so on.

    Safe between threads of one process. A file appears under its name only when it is whole and
    on the disk.

    Args:
        folder: the data folder; what is missing in it is made on first need.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "outputs"
        self._lock = Lock()

    def save(
        self, data: bytes, *, seed: int, day: date, tab: str = "txt2img", extension: str = "png"
    ) -> Path:
        """Keep a file under the next number of its day, and say where.

        Raises:
            SetupError: it cannot be written, say because the disk is full.
        """
        folder = self._folder / f"{tab}-images" / day.isoformat()
        return self._kept(
            data, folder, lambda: f"{_next_number(folder, _PICTURE):05}-{seed}.{extension}"
        )

    def save_grid(
        self, data: bytes, *, day: date, tab: str = "txt2img", extension: str = "png"
    ) -> Path:
        """Keep a sheet of pictures likewise. Raises as `save`."""
        folder = self._folder / f"{tab}-grids" / day.isoformat()
        return self._kept(
            data, folder, lambda: f"grid-{_next_number(folder, _GRID):04}.{extension}"
        )

    def save_text(self, text: str, beside: Path) -> Path:
        """Keep a text under the name of a file, as `.txt`. Raises as `save`."""
        path = beside.with_suffix(".txt")
        return self._kept(text.encode(), path.parent, lambda: path.name)

    def _kept(self, data: bytes, folder: Path, name: Callable[[], str]) -> Path:
        try:
            with self._lock:
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / name()
                _write_whole(path, data)
        except OSError as error:
            raise SetupError(f"no picture can be saved in {folder}: {error.strerror}") from error
        return path


def _next_number(folder: Path, pattern: re.Pattern[str]) -> int:
    """One more than the highest number among the names in the folder, or 0."""
    starts = (pattern.match(name) for name in os.listdir(folder))
    return 1 + max((int(start[1]) for start in starts if start), default=-1)


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place and move it there, so that nobody sees half of it."""
    temporary = path.with_suffix(".tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
