"""Checkpoints that are being read while others compute."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from tintype.core.models import ModelRecord
from tintype.networks import LoadedCheckpoint
from tintype.tensorfiles.ahead import read_ahead

File = tuple[Path, int]  # where it is, and when it was modified


class Coming:
    """Reads one checkpoint after the other beside the work. Troubles surface where it is taken."""

    def __init__(self, load: Callable[[ModelRecord], LoadedCheckpoint]) -> None:
        """Nothing is coming.

        Args:
            load: reads a checkpoint; called in another thread.
        """
        self._load = load
        self._reader = ThreadPoolExecutor(1, "tintype-prefetch")
        self._coming: dict[File, tuple[int, Future[LoadedCheckpoint]]] = {}

    def __contains__(self, file: File) -> bool:
        return file in self._coming

    @property
    def bytes(self) -> int:
        """Memory that all of them will take."""
        return sum(size for size, _ in self._coming.values())

    def begin(self, record: ModelRecord, size: int) -> None:
        """Read a checkpoint that will take `size` bytes."""
        self._coming[record.version] = size, self._reader.submit(self._load, record)

    def read_ahead(self, record: ModelRecord) -> None:
        """Have only the bytes of its file at hand."""
        self._reader.submit(read_ahead, record.path)

    def take(self, file: File) -> LoadedCheckpoint:
        """One that was begun, when it is there. Raises what its reading raised, once."""
        return self._coming.pop(file)[1].result()

    def landed(self) -> list[tuple[File, LoadedCheckpoint]]:
        """Those that are there, and no longer coming; those that failed are forgotten."""
        done = [(file, future) for file, (_, future) in self._coming.items() if future.done()]
        for file, _ in done:
            del self._coming[file]
        return [(file, future.result()) for file, future in done if not future.exception()]

    def forget(self) -> None:
        """Take no more notice of any of them; those not begun will not be read."""
        for _, future in self._coming.values():
            future.cancel()
        self._coming.clear()
