"""Files open for reading from many threads, and whether they stay as they were meanwhile."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import torch
from torch import Tensor

from tintype.errors import ModelError
from tintype.tensorfiles import Slice


class Files:
    """Files open for reading, until `close` is called.

    Attributes:
        close: gives the handles back; more often does no harm.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        """Open them all, or none. Raises `ModelError` if one cannot be opened."""
        self._open: dict[Path, int] = {}
        with ExitStack() as stack:
            for path in sorted(set(paths)):
                self._open[path] = _opened(path)
                stack.callback(os.close, self._open[path])
            self._versions = self._now()
            self.close = stack.pop_all().close

    def check(self) -> None:
        """Raise `ModelError` if one of them is not what it was when it was opened."""
        if self._now() != self._versions:
            raise ModelError("The file was written to while it was read. Load it again.")

    def read(self, slices: Iterable[Slice], into: Tensor) -> None:
        """Fill contiguous memory with bytes of one slice after the other."""
        room = into.view(torch.uint8).numpy().data
        for piece in slices:
            self._read(piece, room[: piece.bytes])
            room = room[piece.bytes :]

    def _read(self, piece: Slice, room: memoryview) -> None:
        offset, end = piece.offset, piece.offset + piece.bytes
        while offset < end:
            try:
                count = os.preadv(self._open[piece.path], [room], offset)
            except OSError as error:
                raise ModelError(f"It cannot be read: {error.strerror}.") from error
            if not count:
                raise ModelError(f"The file is torn: {offset} of {end} bytes are there.")
            offset, room = offset + count, room[count:]

    def _now(self) -> list[tuple[int, int]]:
        facts = [os.fstat(file) for file in self._open.values()]
        return [(fact.st_size, fact.st_mtime_ns) for fact in facts]


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise ModelError(f"It cannot be opened: {error.strerror}.") from error
