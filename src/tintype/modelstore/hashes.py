"""Hashes of model files, each computed once and remembered between starts.

The field knows a file by three of them. AutoV1 is A1111's old one, of 64 KiB one mebibyte into
the file; AutoV2 the first ten digits of the SHA-256 of the whole file; AutoV3 the first twelve of
the SHA-256 of what follows the header of a safetensors file.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, cast

from tintype.errors import ModelError
from tintype.modelstore.facts import FileFacts, FileState
from tintype.modelstore.pipelines import state_of, weights_of

_KIND = "hashes"  # with other fields it would have to be called otherwise
_BLOCK_BYTES = 4 << 20
_V1_START, _V1_BYTES, _V1_DIGITS = 1 << 20, 1 << 16, 8
_V2_DIGITS, _V3_DIGITS = 10, 12

Pause = Callable[[], None]
"""Called between blocks of a file: it may wait, or end the reading by raising."""


@dataclass(frozen=True, slots=True)
class Hashes:
    """What a file is known by elsewhere, in hexadecimal of lower case.

    Attributes:
        sha256: of the whole file; of a diffusers folder, of its U-Net's weights shard by shard.
        autov1: eight digits, or None for a folder.
        autov3: twelve digits, of safetensors files alone.
        has_autov3: `autov3` has been looked for; a None then stays one.
    """

    sha256: str
    autov1: str | None = None
    autov3: str | None = None
    has_autov3: bool = False

    @property
    def autov2(self) -> str:
        """The first ten digits of the SHA-256."""
        return self.sha256[:_V2_DIGITS]


class FileHashes:
    """Hashes by path, each valid for one size and modification time. Safe between threads."""

    def __init__(self, facts: FileFacts) -> None:
        self._facts = facts
        self._lock = Lock()
        self._file_locks: dict[Path, Lock] = {}
        self._wanted = Counter[Path]()

    def known(self, file: FileState) -> Hashes | None:
        """The hashes of a file if they have been computed before."""
        fact = self._facts.known(_KIND, file)
        return None if fact is None else Hashes(**cast("dict[str, Any]", fact))

    def is_wanted(self, path: Path) -> bool:
        """Somebody waits for the hashes of this file."""
        return self._wanted[path] > 0

    def compute(
        self, path: Path, what: str, *, with_autov3: bool = False, pause: Pause | None = None
    ) -> tuple[FileState, Hashes]:
        """A file as it is now, and its hashes; threads asking for the same file share the work.

        Args:
            path: a file, or a diffusers folder.
            what: as errors shall call it ("checkpoint a.ckpt").
            with_autov3: it is wanted as well, which costs as much again.
            pause: given by who is in no hurry; everybody else counts as waiting.

        Raises:
            ModelError: the file cannot be read, or is being written.
        """
        with self._waiting(path, pause), self._alone_with(path):
            try:
                return self._computed(path, what, pause or _go_on, with_autov3=with_autov3)
            except OSError as error:
                raise ModelError(f"{what} cannot be read ({error.strerror}): {path}") from error

    def _computed(
        self, path: Path, what: str, pause: Pause, *, with_autov3: bool
    ) -> tuple[FileState, Hashes]:
        before = state_of(path)
        known = self.known(before)
        if known is not None and (known.has_autov3 or not with_autov3):
            return before, known
        try:
            hashes = _read(path, pause, with_autov3=with_autov3)
        except ModelError as error:
            raise ModelError(f"{what} cannot be read: {error}") from error
        if state_of(path) != before:
            raise ModelError(f"{what} changed while it was read; try again once it is complete")
        self._facts.remember(_KIND, {before: asdict(hashes)})
        return before, hashes

    @contextmanager
    def _waiting(self, path: Path, pause: Pause | None) -> Generator[None]:
        counts = pause is None
        with self._lock:
            self._wanted[path] += counts
        try:
            yield
        finally:
            with self._lock:
                self._wanted[path] -= counts

    def _alone_with(self, path: Path) -> Lock:
        with self._lock:
            return self._file_locks.setdefault(path, Lock())


def _go_on() -> None:
    """Nobody else is to be let past."""


def _read(path: Path, pause: Pause, *, with_autov3: bool) -> Hashes:
    if path.is_dir():
        return Hashes(sha256_of(weights_of(path), pause), has_autov3=True)
    autov1 = _old_hash(path)
    if not with_autov3:
        return Hashes(sha256_of([path], pause), autov1)
    sha256, autov3 = _both(path, pause)
    return Hashes(sha256, autov1, autov3, has_autov3=True)


def sha256_of(paths: Sequence[Path], pause: Pause | None = None) -> str:
    """SHA-256 of files one after the other, 64 digits of lower case.

    Raises:
        OSError: one of them cannot be read.
    """
    digest = hashlib.sha256()
    for path in paths:
        for block in _blocks(path, pause or _go_on):
            digest.update(block)
    return digest.hexdigest()


def _both(path: Path, pause: Pause) -> tuple[str, str | None]:
    """SHA-256 and AutoV3 in one reading."""
    if path.suffix.lower() != ".safetensors":
        return sha256_of([path], pause), None
    whole, content = hashlib.sha256(), hashlib.sha256()
    skipped = 8 + _header_bytes(path)
    for block in _blocks(path, pause):
        whole.update(block)
        content.update(block[skipped:])
        skipped = max(skipped - len(block), 0)
    return whole.hexdigest(), content.hexdigest()[:_V3_DIGITS]


def _blocks(path: Path, pause: Pause) -> Generator[memoryview]:
    """The bytes of a file; each block is overwritten by the next."""
    buffer = bytearray(_BLOCK_BYTES)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            yield memoryview(buffer)[:count]
            pause()
        if pause is not _go_on and hasattr(os, "posix_fadvise"):
            # Whoever is in no hurry leaves the page cache to the files that are in use.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _header_bytes(path: Path) -> int:
    with path.open("rb") as file:
        return int.from_bytes(file.read(8), "little")


def _old_hash(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(_V1_START)
        return hashlib.sha256(file.read(_V1_BYTES)).hexdigest()[:_V1_DIGITS]
