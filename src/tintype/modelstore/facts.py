"""What has been read from model files before, remembered between starts."""

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import cast

_LOG = logging.getLogger(__name__)
_TABLE = """
    CREATE TABLE IF NOT EXISTS file_facts (
        path BLOB, kind TEXT, bytes INTEGER, modified INTEGER, fact TEXT, PRIMARY KEY (path, kind)
    ) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was found: what is known of it is true while this stays the same.

    Attributes:
        path: where it is.
        bytes: its size.
        modified: its modification time, in nanoseconds since 1970.
    """

    path: Path
    bytes: int
    modified: int


Fact = Mapping[str, object]
_Key = tuple[str, str]  # path and kind
_Row = tuple[int, int, str]  # bytes, modification time, and the fact as JSON


class FileFacts:
    """Facts by file and kind, each valid for one size and modification time.

    They live in memory; the database only carries them over to the next start, so one that is
    missing, read-only or torn costs a warning and some time. Safe between threads.
    """

    def __init__(self, database: Path | None) -> None:
        self._database = database
        self._known: dict[_Key, _Row] | None = None
        self._lock = Lock()

    def known(self, kind: str, file: FileState) -> Fact | None:
        """A fact that has been read before, or None."""
        with self._lock:
            row = self._all().get((str(file.path), kind))
        if row is None or row[:2] != (file.bytes, file.modified):
            return None
        return cast(Fact, json.loads(row[2]))

    def of(
        self, kind: str, files: Sequence[FileState], read: Callable[[Path], Fact]
    ) -> Iterator[Fact]:
        """The fact of each file, reading what is not known, all of it remembered at once."""
        found = [self.known(kind, file) for file in files]
        new = {
            file: read(file.path) for file, fact in zip(files, found, strict=True) if fact is None
        }
        self._remember(kind, new)
        return (new[f] if fact is None else fact for f, fact in zip(files, found, strict=True))

    def _remember(self, kind: str, new: Mapping[FileState, Fact]) -> None:
        if not new:
            return
        rows = {
            (str(file.path), kind): (file.bytes, file.modified, json.dumps(fact))
            for file, fact in new.items()
        }
        with self._lock:
            self._all().update(rows)
            if self._database is not None:
                self._write(self._database, rows)

    def _all(self) -> dict[_Key, _Row]:
        if self._known is None:
            self._known = _read_database(self._database)
        return self._known

    def _write(self, database: Path, rows: Mapping[_Key, _Row]) -> None:
        values = [(os.fsencode(path), kind, *row) for (path, kind), row in rows.items()]
        try:
            database.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(database)) as connection, connection:
                connection.execute(_TABLE)
                insert = "INSERT OR REPLACE INTO file_facts VALUES (?, ?, ?, ?, ?)"
                connection.executemany(insert, values)
        except (OSError, sqlite3.Error) as error:
            _LOG.warning("what files hold will be read again next time, %s: %s", database, error)
            self._database = None


def _read_database(database: Path | None) -> dict[_Key, _Row]:
    if database is None or not database.exists():
        return {}
    try:
        with closing(sqlite3.connect(database)) as connection, connection:
            connection.execute(_TABLE)
            rows = connection.execute("SELECT path, kind, bytes, modified, fact FROM file_facts")
            return {(os.fsdecode(path), kind): tuple(row) for path, kind, *row in rows}
    except sqlite3.Error as error:
        _LOG.warning("what files hold is read again, %s: %s", database, error)
        return {}
