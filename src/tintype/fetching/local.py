"""Files of this machine, taken into a models folder."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tintype.errors import FetchError, InvalidRequest
from tintype.fetching.addresses import LocalAddress
from tintype.fetching.folders import of_a_folder
from tintype.fetching.names import fit_name, listed
from tintype.fetching.offers import Body, Offer, RemoteFile
from tintype.tensorfiles import MODEL_INDEX, WEIGHTS

_BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class _File:
    """A file as a `Source`."""

    path: Path

    @property
    def address(self) -> str:
        return f"file:{self.path}"

    @contextmanager
    def open(self, start: int, version: str | None) -> Generator[Body]:
        with _opened(self.path) as file:
            status = os.fstat(file.fileno())
            now = f"{status.st_size}-{status.st_mtime_ns}"
            begins = start if version in (None, now) else 0
            file.seek(begins)
            yield Body(begins, status.st_size, now, _blocks(file))


def offer_from_disk(address: LocalAddress, variant: str | None) -> Offer:
    """A file or diffusers folder of this machine.

    Raises:
        InvalidRequest: it is a folder of another kind; lists its models.
        FetchError: there is nothing there.
    """
    path = address.path
    if path.is_file():
        return Offer(f"file:{path}", fit_name(path.stem), (_remote(path, fit_name(path.name)),))
    if not path.is_dir():
        raise FetchError(f"there is no file or folder {path}")
    names = sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    if MODEL_INDEX not in names:
        models = [name for name in names if name.lower().endswith(WEIGHTS)]
        raise InvalidRequest(
            "address", f"{path} is no diffusers folder; name one file: {listed(models or names)}"
        )
    wanted = of_a_folder(names, variant, str(path))
    files = tuple(_remote(path / name, name) for name in wanted)
    return Offer(f"file:{path}", fit_name(path.name), files, is_folder=True, kind="checkpoint")


def _remote(path: Path, name: str) -> RemoteFile:
    status = path.stat()
    return RemoteFile(name, _File(path), status.st_size, version=str(status.st_mtime_ns))


@contextmanager
def _opened(path: Path) -> Generator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise FetchError(f"{path} cannot be read: {error.strerror}") from error


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        yield block
