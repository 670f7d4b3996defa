"""Small pictures of large ones, kept for the next time."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from tintype.errors import SetupError
from tintype.whole_files import write_whole

SIDES = (128, 256, 512, 1024)
"""Pixels of the longer side that may be asked for."""

_MOST_BYTES = 512 * 2**20
_COUNTED_EVERY = 500  # new files
_AT_ONCE = 2  # each unpacks a whole picture


class Thumbnails:
    """WebP files in a folder of their own, the least recently made deleted beyond 512 MiB.

    Safe between threads. The folder can be deleted at any time.

    Args:
        folder: for them alone; made on first need.
        make: reads a picture file, and makes a WebP of at most so many pixels on either side.
        most_bytes: of all of them together.
    """

    def __init__(
        self,
        folder: Path,
        make: Callable[[Path, int], bytes],
        most_bytes: int = _MOST_BYTES,
        counted_every: int = _COUNTED_EVERY,
    ) -> None:
        self._folder, self._make, self._most_bytes = folder, make, most_bytes
        self._counted_every, self._until_count = counted_every, 0
        self._lock = Lock()
        self._makers = ThreadPoolExecutor(_AT_ONCE, "thumbnails")

    def begun(self, file: Path, key: str, side: int) -> "Future[bytes]":
        """As `of`, in a thread; a few are made at a time."""
        return self._makers.submit(self.of, file, key, side)

    def of(self, file: Path, key: str, side: int) -> bytes:
        """The thumbnail of a file.

        Args:
            key: of the picture as it is now, fit for a file's name.
            side: one of `SIDES`.

        Raises:
            InvalidRequest: the file is no picture.
            SetupError: the thumbnail cannot be written.
        """
        kept = self._folder / key[:2] / f"{key}-{side}.webp"
        try:
            return kept.read_bytes()
        except OSError:
            data = self._make(file, side)
        try:
            self._write(kept, data)
        except OSError as error:
            raise SetupError(f"no thumbnail can be kept in {self._folder}: {error}") from error
        return data

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data, syncs=False)
        with self._lock:
            self._until_count -= 1
            if self._until_count < 0:
                self._until_count = self._counted_every
                self._delete_old()

    def _delete_old(self) -> None:
        """The oldest ones, until a quarter of the room is free."""
        files = sorted((s.st_mtime_ns, s.st_size, f) for f in self._files() if (s := f.stat()))
        total = sum(size for _, size, _ in files)
        if total <= self._most_bytes:
            return
        for _, size, file in files:
            if total <= self._most_bytes * 3 // 4:
                return
            file.unlink(missing_ok=True)
            total -= size

    def _files(self) -> list[Path]:
        return list(self._folder.glob("??/*.webp"))
