"""Folders in the layout of diffusers: one checkpoint spread over many files."""

import os
from collections.abc import Iterator
from pathlib import Path

from tintype.modelstore.facts import FileState
from tintype.tensorfiles import open_table

_UNET = "unet"
_DEEPEST = 3  # a pipeline has its parts in folders, and nothing below those


def state_of(path: Path) -> FileState:
    """A file as it is now; of a folder the sum of its files' sizes and the newest of their times.

    Raises `OSError`.
    """
    status = path.stat()
    if not path.is_dir():
        return FileState(path, status.st_size, status.st_mtime_ns)
    found = list(_statuses(path, _DEEPEST))
    newest = max((status.st_mtime_ns for status in found), default=status.st_mtime_ns)
    return FileState(path, sum(status.st_size for status in found), newest)


def weights_of(pipeline: Path) -> list[Path]:
    """The files that the U-Net's weights are read from, by name.

    Raises:
        ModelError: the folder cannot be read; says why.
    """
    tensors = open_table(pipeline).tensors.values()
    files = {piece.path for tensor in tensors for piece in tensor.slices}
    return sorted(file for file in files if file.parent == pipeline / _UNET)


def _statuses(folder: Path, depth: int) -> Iterator[os.stat_result]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                yield entry.stat()
            elif depth > 1 and entry.is_dir():
                yield from _statuses(Path(entry.path), depth - 1)
