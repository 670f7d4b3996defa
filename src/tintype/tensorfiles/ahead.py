"""Having the system read files before anybody asks for their bytes."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def read_ahead(path: Path) -> None:
    """Have a model's files read from disk into the system's memory; ours stays as it is.

    Does nothing where the system knows no such thing, and with files that are not there: whoever
    opens them will say so.

    Args:
        path: a file, or a folder of them.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    for file in _files(path):
        with suppress(OSError):
            handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_WILLNEED)
            finally:
                os.close(handle)


def _files(path: Path) -> Iterator[Path]:
    return (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else iter([path])
