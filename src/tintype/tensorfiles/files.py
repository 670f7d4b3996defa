"""Opening files that may be anything."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tintype.errors import ModelError


@contextmanager
def opened(path: Path) -> Generator[BinaryIO]:
    """A plain file, for reading. Raises `ModelError` if there is none or it cannot be read."""
    try:
        if not path.is_file():  # nor a pipe, which would wait for ever
            raise ModelError("There is no such file.")
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise ModelError(f"The file cannot be read ({error.strerror}).") from error


@contextmanager
def naming(what: str) -> Generator[None]:
    """Put a file's name before every complaint about its content."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{what}: {error}") from error


def size_of_file(file: BinaryIO) -> int:
    """Bytes of an open file."""
    return os.fstat(file.fileno()).st_size


def read_at(file: BinaryIO, offset: int, count: int) -> bytes:
    """Bytes of a file from a place on; fewer where it ends."""
    file.seek(offset)
    return file.read(count)
