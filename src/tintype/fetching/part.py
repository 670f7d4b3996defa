"""The part of a file that has arrived, beside the place it is to have: `NAME.part`.

`NAME.part.json` says of what it is a part: its source, version (ETag) and length. Whoever fetches
holds a lock on the part; it is gone with the process, however that ends.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

from tintype.errors import BusyError, FetchError, SetupError

_BLOCK_BYTES = 2**20
_SPARE_BYTES = 64 * 2**20  # for whoever else writes to this disk
_MIB = 2**20

Promise = Mapping[str, object]
"""What a part is of: JSON values under "source", "version" and "total"."""


class Part:
    """Bytes from the start of a file on, and their SHA-256 as they come.

    Attributes:
        path: `NAME.part`.
        promise: what it is a part of; empty for nothing yet.
        size: bytes that have arrived.
    """

    def __init__(self, target: Path, file: BinaryIO) -> None:
        self._target, self._file = target, file
        self.path = _part_of(target)
        self._told = self.path.with_name(f"{self.path.name}.json")
        self.promise = _read_promise(self._told)
        self.size = 0
        self._hash = hashlib.sha256()
        self._read_again()

    @property
    def sha256(self) -> str:
        """Of the bytes that have arrived."""
        return self._hash.hexdigest()

    def begin(self, promise: Promise) -> None:
        """Start anew as a part of something else."""
        self._file.seek(0)
        self._file.truncate()
        self.size, self._hash = 0, hashlib.sha256()
        self.promise = promise
        self._told.write_text(json.dumps(promise), encoding="utf-8")

    def append(self, block: bytes) -> None:
        """Take the next bytes."""
        self._file.write(block)
        self._hash.update(block)
        self.size += len(block)

    def check_space(self, more: int) -> None:
        """Refuse what would fill the disk. Raises `SetupError`."""
        check_space(self.path.parent, self._target.name, more)

    def flush(self) -> None:
        """See to it that the bytes survive a loss of power."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def become(self, target: Path) -> None:
        """Take a place of its own, all at once; the place may be on another disk.

        Raises:
            FetchError: somebody else has taken the place meanwhile.
        """
        self.flush()
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self.path, target)
        except FileExistsError:
            raise FetchError(f"{target} was made meanwhile by somebody else") from None
        except OSError:  # another disk, or one that knows no links
            self._move(target)
        else:
            self.path.unlink()
        self._told.unlink(missing_ok=True)
        _sync_folder(target.parent)

    def discard(self) -> None:
        """Take it away, with what was told of it."""
        self._told.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def _move(self, target: Path) -> None:
        if target.exists():
            raise FetchError(f"{target} was made meanwhile by somebody else")
        try:
            os.rename(self.path, target)
        except OSError:
            beside = _part_of(target)
            shutil.copyfile(self.path, beside)
            with beside.open("rb") as copy:
                os.fsync(copy.fileno())
            os.rename(beside, target)
            self.path.unlink()

    def _read_again(self) -> None:
        if not self.promise:
            self._file.truncate(0)
            return
        while block := self._file.read(_BLOCK_BYTES):
            self._hash.update(block)
            self.size += len(block)


def check_space(folder: Path, name: str, more: int) -> None:
    """Refuse what would fill the disk.

    Raises:
        SetupError: less than `more` bytes are free in the folder, and a little to spare.
    """
    free = shutil.disk_usage(folder).free
    if more + _SPARE_BYTES > free:
        raise SetupError(
            f"{name} needs {more / _MIB:,.0f} MiB more in {folder}, "
            f"where {free / _MIB:,.0f} MiB are free"
        )


@contextmanager
def part_of(target: Path) -> Generator[Part]:
    """The part of a file that is to be at `target`, for us alone.

    Raises:
        BusyError: another process fetches this file just now.
        SetupError: nothing can be written there.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = _locked(_part_of(target), target)
    except OSError as error:
        raise SetupError(f"{target} cannot be written: {error.strerror}") from error
    with file:
        try:
            part = Part(target, file)
            yield part
        except OSError as error:
            raise SetupError(f"{target} cannot be written: {error.strerror}") from error
        finally:
            _forget_if_empty(_part_of(target), file)


def _locked(path: Path, target: Path) -> BinaryIO:
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise BusyError(f"{target.name} is being fetched by another process") from None
        if _is_at(path, file):
            return file
        file.close()  # it was finished and moved away between opening and locking


def _is_at(path: Path, file: BinaryIO) -> bool:
    try:
        return os.path.samestat(os.stat(path), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _forget_if_empty(path: Path, file: BinaryIO) -> None:
    with suppress(OSError):
        file.flush()
        if _is_at(path, file) and os.fstat(file.fileno()).st_size == 0:
            path.unlink()
            path.with_name(f"{path.name}.json").unlink(missing_ok=True)


def _part_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _read_promise(path: Path) -> Promise:
    try:
        value: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("Promise", value) if isinstance(value, dict) else {}


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # some file systems have nothing to sync there
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
