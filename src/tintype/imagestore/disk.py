"""Pictures in folders, one for each day, as A1111 leaves them."""

import os
import re
from datetime import date
from pathlib import Path
from threading import Lock

from tintype.errors import SetupError


class DiskImages:
    """Keeps PNG files as `outputs/txt2img-images/<YYYY-MM-DD>/NNNNN-<seed>.png`.

    Safe between threads of one process. A file appears under its name only when it is whole and
    on the disk.

    Args:
        folder: the data folder; what is missing in it is made on first need.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "outputs" / "txt2img-images"
        self._lock = Lock()

    def save(self, data: bytes, *, seed: int, day: date) -> Path:
        """Keep a PNG file under the next number of its day, and say where.

        Raises:
            SetupError: it cannot be written, say because the disk is full.
        """
        folder = self._folder / day.isoformat()
        try:
            with self._lock:
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{_next_number(folder):05}-{seed}.png"
                _write_whole(path, data)
        except OSError as error:
            raise SetupError(f"no picture can be saved in {folder}: {error.strerror}") from error
        return path


def _next_number(folder: Path) -> int:
    """One more than the highest number a name in the folder starts with, or 0."""
    starts = (re.match(r"[0-9]+", name) for name in os.listdir(folder))
    return 1 + max((int(start[0]) for start in starts if start), default=-1)


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
