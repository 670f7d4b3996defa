"""The SHA-256 of model files, each computed once and remembered between starts."""

import hashlib
import logging
import os
import sqlite3
from contextlib import closing
from io import BufferedReader
from pathlib import Path
from threading import Lock

from tintype.core.models import ModelRecord
from tintype.errors import ModelError

_LOG = logging.getLogger(__name__)
_TABLE = """
    CREATE TABLE IF NOT EXISTS file_hashes (
        path BLOB PRIMARY KEY, bytes INTEGER, modified INTEGER, sha256 TEXT
    ) WITHOUT ROWID
"""

_State = tuple[int, int]  # bytes and modification time in nanoseconds


class FileHashes:
    """Hashes by path, each valid for one size and modification time. Safe between threads.

    They live in memory; the database only carries them over to the next start, so one that is
    missing, read-only or torn costs a warning and some time.
    """

    def __init__(self, database: Path | None) -> None:
        self._database = database
        self._known: dict[Path, tuple[_State, str]] | None = None
        self._lock = Lock()
        self._file_locks: dict[Path, Lock] = {}

    def known(self, record: ModelRecord) -> str | None:
        """The hash of a file if it has been computed before."""
        with self._lock:
            state, sha256 = self._all().get(record.path, ((-1, -1), None))
        return sha256 if state == (record.bytes, record.modified) else None

    def compute(self, record: ModelRecord) -> tuple[_State, str]:
        """Size, time and hash of a file as it is now; threads asking for the same file share it.

        Raises:
            ModelError: the file cannot be read, or is being written.
        """
        with self._lock:
            file_lock = self._file_locks.setdefault(record.path, Lock())
        with file_lock:
            state = _state_of(record)
            with self._lock:
                found = self._all().get(record.path)
            if found is not None and found[0] == state:
                return found
            state, sha256 = _read(record)
            self._remember(record.path, state, sha256)
            return state, sha256

    def _remember(self, path: Path, state: _State, sha256: str) -> None:
        with self._lock:
            self._all()[path] = (state, sha256)
            if self._database is not None:
                self._write(self._database, (os.fsencode(path), *state, sha256))

    def _all(self) -> dict[Path, tuple[_State, str]]:
        if self._known is None:
            self._known = _read_database(self._database)
        return self._known

    def _write(self, database: Path, row: tuple[bytes, int, int, str]) -> None:
        try:
            database.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(database)) as connection, connection:
                connection.execute(_TABLE)
                connection.execute("INSERT OR REPLACE INTO file_hashes VALUES (?, ?, ?, ?)", row)
        except (OSError, sqlite3.Error) as error:
            _LOG.warning("hashes will be forgotten at the end, %s: %s", database, error)
            self._database = None


def _read_database(database: Path | None) -> dict[Path, tuple[_State, str]]:
    if database is None or not database.exists():
        return {}
    try:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute(_TABLE)
            rows = connection.execute("SELECT path, bytes, modified, sha256 FROM file_hashes")
            return {
                Path(os.fsdecode(path)): ((size, modified), sha256)
                for path, size, modified, sha256 in rows
            }
    except sqlite3.Error as error:
        _LOG.warning("no hashes are remembered, %s: %s", database, error)
        return {}


def _state_of(record: ModelRecord) -> _State:
    try:
        return _state(record.path.stat())
    except OSError as error:
        raise _unreadable(record, error) from error


def _read(record: ModelRecord) -> tuple[_State, str]:
    try:
        with record.path.open("rb") as file:
            return _hashed_whole(record, file)
    except OSError as error:
        raise _unreadable(record, error) from error


def _hashed_whole(record: ModelRecord, file: BufferedReader) -> tuple[_State, str]:
    state = _state(os.fstat(file.fileno()))
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    if _state(os.fstat(file.fileno())) != state:
        raise ModelError(f"{record.name} changed while it was read; try again once it is complete")
    return state, sha256


def _state(status: os.stat_result) -> _State:
    return status.st_size, status.st_mtime_ns


def _unreadable(record: ModelRecord, error: OSError) -> ModelError:
    return ModelError(f"checkpoint {record.name} cannot be read ({error.strerror}): {record.path}")
