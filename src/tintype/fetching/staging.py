"""Folders are fetched as `NAME.part/` and take their name once everything is in them."""

import fcntl
import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tintype.errors import BusyError, FetchError, ModelError, SetupError
from tintype.fetching.offers import Offer, RemoteFile
from tintype.fetching.part import check_space, part_of
from tintype.fetching.records import FetchedFile
from tintype.fetching.transfer import Manner, receive
from tintype.modelstore.hashes import sha256_of
from tintype.tensorfiles import open_table

_PROMISE = "promise.json"  # what a half-fetched folder is to become


def fetch_folder(offer: Offer, target: Path, manner: Manner) -> dict[str, FetchedFile]:
    """Fetch a diffusers folder; what is there of it already is not fetched again.

    Raises:
        FetchError, ModelError, BusyError, SetupError: as `pull` says.
    """
    staging = target.with_name(f"{target.name}.part")
    try:
        staging.mkdir(parents=True, exist_ok=True)
        with _locked(staging, target):
            _begin(staging, offer)
            check_space(staging, target.name, _missing_bytes(offer, staging))
            files = {remote.name: _fetched(remote, staging, manner) for remote in offer.files}
            _take_place(staging, target)
            return files
    except OSError as error:
        raise SetupError(f"{target} cannot be written: {error.strerror}") from error


@contextmanager
def _locked(staging: Path, target: Path) -> Generator[None]:
    handle = os.open(staging, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BusyError(f"{target.name} is being fetched by another process") from None
    finally:
        os.close(handle)


def _begin(staging: Path, offer: Offer) -> None:
    """Keep what is there if it is of the same files; begin with an empty folder otherwise."""
    promise = json.dumps([[f.name, f.source.address, f.bytes, f.version] for f in offer.files])
    note = staging / _PROMISE
    if not note.is_file() or note.read_text(encoding="utf-8") != promise:
        for entry in staging.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        note.write_text(promise, encoding="utf-8")


def _missing_bytes(offer: Offer, staging: Path) -> int:
    missing = (file for file in offer.files if not (staging / file.name).exists())
    return sum(file.bytes or 0 for file in missing)


def _fetched(remote: RemoteFile, staging: Path, manner: Manner) -> FetchedFile:
    path = staging / remote.name
    if not path.exists():
        with part_of(path) as part:
            sha256, _ = receive(remote, part, manner)
            part.become(path)
    else:
        sha256 = sha256_of([path])
        if remote.sha256 not in (None, sha256):
            path.unlink()
            return _fetched(remote, staging, manner)
    status = path.stat()
    return FetchedFile(status.st_size, sha256, remote.sha256 is not None, status.st_mtime_ns)


def _take_place(staging: Path, target: Path) -> None:
    try:
        open_table(staging)
    except ModelError as error:
        shutil.rmtree(staging)
        raise ModelError(f"{target.name}: {error}") from error
    if target.exists():
        raise FetchError(f"{target} was made meanwhile by somebody else")
    (staging / _PROMISE).unlink()
    os.rename(staging, target)
