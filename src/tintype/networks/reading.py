"""Bytes on disk to tensors in memory, many at once, in the type and layout networks compute with.

Files are read, not mapped: one that is cut short while it is in use is then an error in words and
not the end of the process. It is faster, too, for memory of our own can have large pages.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Barrier
from typing import NamedTuple

import torch
from torch import Tensor

from tintype.errors import ModelError
from tintype.networks.open_files import Files
from tintype.tensorfiles import Slice, StoredTensor

PIECE_BYTES = 2**20  # stays in a core's own cache between being read and being converted
GPU_PIECE_BYTES = 2**24
MOST_THREADS = 8
FEW = 8  # pieces; they are read sooner than given out

_DTYPES: Mapping[str, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


class Place(NamedTuple):
    """Where numbers are, and where they go; both have the same shape."""

    stored: StoredTensor
    target: Tensor


def read_tensor(stored: StoredTensor) -> Tensor:
    """A tensor on the CPU in the type it is stored as, contiguous.

    Raises:
        ModelError: the file is gone, ends too early, or has a type that torch does not know.
    """
    with torch.inference_mode(mode=False):
        tensor = torch.empty(stored.shape, dtype=dtype_of(stored))
    read_into([Place(stored, tensor)])
    return tensor


def read_into(
    places: Sequence[Place], threads: int | None = None, files: Files | None = None
) -> None:
    """Read tensors into others of the same shapes, of any type, layout and device.

    Args:
        places: what goes where.
        threads: that read and convert; None for as many as torch computes with, 8 at most.
        files: open already, and left so; None to open them by their paths.

    Raises:
        ModelError: as `read_tensor`.
    """
    if files is None:
        paths = (part.path for place in places for part in place.stored.slices)
        with closing(Files(paths)) as opened:
            read_into(places, threads, opened)
        return
    pieces = deque(sorted(_pieces(places), key=_Piece.where))
    if all(piece.is_direct for piece in pieces) and len(pieces) < FEW:
        _work(pieces, files)
    else:
        _work_together(pieces, files, threads)
    files.check()


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """Some rows of a tensor, or all of it."""

    slices: tuple[Slice, ...]
    dtype: torch.dtype
    target: Tensor
    is_transposed: bool

    @property
    def bytes(self) -> int:
        return sum(piece.bytes for piece in self.slices)

    @property
    def is_direct(self) -> bool:
        """Its bytes are the same on disk and in memory."""
        to = self.target
        is_like = to.dtype == self.dtype and to.is_contiguous() and not self.is_transposed
        return is_like and to.device.type == "cpu"

    def where(self) -> tuple[Path, int]:
        """Disks are quickest where one reads on."""
        return self.slices[0].path, self.slices[0].offset


def _pieces(places: Iterable[Place]) -> Iterator[_Piece]:
    for stored, target in places:
        if target.numel():
            yield from _rows_apart(stored, target)


def _rows_apart(stored: StoredTensor, target: Tensor) -> Iterator[_Piece]:
    dtype = dtype_of(stored)
    if stored.is_transposed or not stored.shape:
        yield _Piece(stored.slices, dtype, target, stored.is_transposed)
        return
    row_bytes = stored.bytes // stored.shape[0]
    most = PIECE_BYTES if target.device.type == "cpu" else GPU_PIECE_BYTES
    count = max(1, most // row_bytes)
    for first in range(0, stored.shape[0], count):
        rows = target[first : first + count]
        slices = _cut(stored.slices, first * row_bytes, len(rows) * row_bytes)
        yield _Piece(tuple(slices), dtype, rows, is_transposed=False)


def _cut(slices: Iterable[Slice], start: int, count: int) -> Iterator[Slice]:
    """So many bytes from `start` on, of slices laid end to end."""
    for piece in slices:
        skipped = min(start, piece.bytes)
        taken = min(count, piece.bytes - skipped)
        if taken:
            yield Slice(piece.path, piece.offset + skipped, taken)
        start, count = start - skipped, count - taken


def _work_together(pieces: "deque[_Piece]", files: Files, threads: int | None) -> None:
    pool, most = _readers()
    count = min(threads or most, len(pieces))
    for done in [pool.submit(_work, pieces, files) for _ in range(count)]:
        done.result()


@cache
def _readers() -> tuple[ThreadPoolExecutor, int]:
    """Threads that compute alone, and how many: a team within each would only wait for its turn."""
    together = torch.get_num_threads()
    count = min(together, MOST_THREADS)
    pool, all_there = ThreadPoolExecutor(count, "tintype-reading"), Barrier(count)
    for alone in [pool.submit(_compute_alone, all_there) for _ in range(count)]:
        alone.result()
    torch.set_num_threads(together)  # for threads to come: this one has kept its own number
    return pool, count


def _compute_alone(all_there: Barrier) -> None:
    all_there.wait()
    torch.set_num_threads(1)


def _work(pieces: "deque[_Piece]", files: Files) -> None:
    desk = _Desk(files)
    try:
        while pieces:
            try:
                piece = pieces.popleft()
            except IndexError:  # somebody else took the last one
                return
            desk.carry(piece)
    except BaseException:
        pieces.clear()
        raise


class _Desk:
    """Where one thread lays a piece between its file and its place."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._buffer = torch.empty(0, dtype=torch.uint8)
        self._stream: torch.cuda.Stream | None = None

    def carry(self, piece: _Piece) -> None:
        if piece.is_direct:
            self._files.read(piece.slices, piece.target.view(-1))
        elif piece.target.device.type == "cuda":
            self._carry_to_gpu(piece)
        else:
            piece.target.copy_(self._laid(piece))

    def _laid(self, piece: _Piece, *, is_pinned: bool = False) -> Tensor:
        if self._buffer.numel() < piece.bytes:
            self._buffer = torch.empty(piece.bytes, dtype=torch.uint8, pin_memory=is_pinned)
        laid = self._buffer[: piece.bytes]
        self._files.read(piece.slices, laid)
        shape = piece.target.shape
        tensor = laid.view(piece.dtype)
        return tensor.view(shape[::-1]).T if piece.is_transposed else tensor.view(shape)

    def _carry_to_gpu(self, piece: _Piece) -> None:
        """Cast over there, on a stream of this thread's own; other threads read in the meantime."""
        device = piece.target.device
        if self._stream is None:
            self._stream = torch.cuda.Stream(device)
            self._stream.wait_stream(torch.cuda.default_stream(device))  # memory may be in use yet
        laid = self._laid(piece, is_pinned=True)
        with torch.cuda.stream(self._stream):
            piece.target.copy_(laid.to(device, non_blocking=True))
        self._stream.synchronize()  # before the desk is cleared for the next piece


def dtype_of(stored: StoredTensor) -> torch.dtype:
    """The type it is stored as, in torch's words. Raises `ModelError` where torch has none."""
    if stored.dtype not in _DTYPES:
        known = ", ".join(_DTYPES)
        raise ModelError(f"A tensor is stored as {stored.dtype}; read are {known}.")
    return _DTYPES[stored.dtype]
