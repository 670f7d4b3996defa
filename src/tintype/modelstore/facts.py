"""The index: what has been read from model files before, remembered between starts.

One SQLite file with two tables. `files` has a row for each file: its size, its modification time,
and small facts as JSON by kind. `texts` has the free text of headers, which can be long and is
fetched only where somebody wants it. A row is true while size and time stay as they are.
"""

import json
import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Self, cast

from tintype.core.models import AdapterRecord, ModelRecord, VaeRecord

INDEX_FILE = "models.sqlite"
"""Its name in the data folder."""

_LOG = logging.getLogger(__name__)
_TABLES = """
    CREATE TABLE IF NOT EXISTS files (
        path BLOB PRIMARY KEY, bytes INTEGER, modified INTEGER, facts TEXT
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS texts (
        path BLOB PRIMARY KEY, bytes INTEGER, modified INTEGER, text TEXT
    );
"""
_READ_FILES = "SELECT path, bytes, modified, facts FROM files"
_READ_TEXTS = "SELECT path, bytes, modified, text FROM texts"
_FEW = 500  # texts that are looked up; more are found by reading all
_WRITE_FACT = """
    INSERT INTO files VALUES (:path, :bytes, :modified, json_object(:kind, json(:fact)))
    ON CONFLICT (path) DO UPDATE SET
        bytes = :bytes, modified = :modified,
        facts = CASE WHEN bytes = :bytes AND modified = :modified
            THEN json_set(facts, '$."' || :kind || '"', json(:fact))
            ELSE json_object(:kind, json(:fact)) END
"""
_WRITE_TEXT = "INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?)"


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

    @classmethod
    def of(cls, record: ModelRecord | AdapterRecord | VaeRecord) -> Self:
        """A record's file, as it was found."""
        return cls(record.path, record.bytes, record.modified)


Fact = Mapping[str, object]
_State = tuple[int, int]  # bytes and modification time


@dataclass(slots=True)
class _Row:
    """What is known of one file; its JSON is parsed when somebody asks."""

    state: _State
    facts: str | dict[str, Fact]

    def parsed(self) -> dict[str, Fact]:
        if isinstance(self.facts, str):
            self.facts = cast("dict[str, Fact]", json.loads(self.facts))
        return self.facts


class FileFacts:
    """Facts by file and kind, each valid for one size and modification time.

    Facts live in memory; the database only carries them over to the next start, so one that is
    missing, read-only or torn costs a warning and some time. Safe between threads.

    Args:
        database: where they are kept, created with the first fact; None for memory only.
    """

    def __init__(self, database: Path | None) -> None:
        self._source = self._target = database
        self._known: dict[str, _Row] | None = None
        self._own_texts: dict[str, tuple[_State, str]] = {}  # where there is no database
        self._lock = Lock()

    def known(self, kind: str, file: FileState) -> Fact | None:
        """A fact that has been read before, or None."""
        with self._lock:
            row = self._all().get(str(file.path))
            if row is None or row.state != (file.bytes, file.modified):
                return None
            return row.parsed().get(kind)

    def of(
        self, kind: str, files: Sequence[FileState], read: Callable[[Path], Fact]
    ) -> Iterator[Fact]:
        """The fact of each file, reading what is not known, all of it remembered at once."""
        found = [self.known(kind, file) for file in files]
        new = {
            file: read(file.path) for file, fact in zip(files, found, strict=True) if fact is None
        }
        self.remember(kind, new)
        return (new[f] if fact is None else fact for f, fact in zip(files, found, strict=True))

    def remember(self, kind: str, new: Mapping[FileState, Fact]) -> None:
        """Keep facts of one kind; a kind is a word or several, without quotes."""
        if not new:
            return
        with self._lock:
            for file, fact in new.items():
                self._put(kind, file, fact)
            self._write(_WRITE_FACT, list(_values(kind, new)))

    def texts(self, files: Sequence[FileState]) -> Iterator[str | None]:
        """The text kept for each file, or None where there is none."""
        with self._lock:
            rows = self._read_texts(files)
        for file in files:
            state, text = rows.get(str(file.path), ((-1, -1), None))
            yield text if state == (file.bytes, file.modified) else None

    def remember_texts(self, new: Mapping[FileState, str]) -> None:
        """Keep a text for each of these files."""
        if not new:
            return
        with self._lock:
            rows = [(_key(f.path), f.bytes, f.modified, text) for f, text in new.items()]
            if not self._write(_WRITE_TEXT, rows):
                self._own_texts |= {
                    str(file.path): ((file.bytes, file.modified), text)
                    for file, text in new.items()
                }

    def _put(self, kind: str, file: FileState, fact: Fact) -> None:
        state, known = (file.bytes, file.modified), self._all()
        row = known.get(str(file.path))
        if row is None or row.state != state:
            row = known[str(file.path)] = _Row(state, {})
        row.parsed()[kind] = fact

    def _all(self) -> dict[str, _Row]:
        if self._known is None:
            rows = _read(self._source, _READ_FILES)
            self._known = {
                os.fsdecode(path): _Row((size, modified), facts)
                for path, size, modified, facts in rows
            }
        return self._known

    def _read_texts(self, files: Sequence[FileState]) -> dict[str, tuple[_State, str]]:
        few = tuple(_key(file.path) for file in files) if len(files) <= _FEW else ()
        among = f" WHERE path IN ({', '.join('?' * len(few))})" if few else ""
        rows = _read(self._source, _READ_TEXTS + among, few)
        found = {os.fsdecode(path): ((size, time), text) for path, size, time, text in rows}
        return found | self._own_texts

    def _write(self, statement: str, rows: Iterable[Any]) -> bool:
        if self._target is None:
            return False
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._target)) as connection, connection:
                connection.executescript(_TABLES)
                connection.executemany(statement, rows)
        except (OSError, sqlite3.Error) as error:
            _LOG.warning("what is read from models is not kept, %s: %s", self._target, error)
            self._target = None
            return False
        return True


def _values(kind: str, new: Mapping[FileState, Fact]) -> Iterator[dict[str, object]]:
    for file, fact in new.items():
        with suppress(ValueError):  # infinity is no JSON: such a fact is read again next time
            yield {
                "path": _key(file.path),
                "bytes": file.bytes,
                "modified": file.modified,
                "kind": kind,
                "fact": json.dumps(fact, allow_nan=False),
            }


def _key(path: Path) -> bytes:
    return os.fsencode(path)


def _read(database: Path | None, query: str, values: tuple[bytes, ...] = ()) -> list[Any]:
    """Rows of the database; none where there is none, or none that can be read."""
    if database is None or not database.exists():
        return []
    try:
        # A database in a folder that cannot be written to is read all the same.
        with closing(
            sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
        ) as reader:
            return reader.execute(query, values).fetchall()
    except sqlite3.Error as error:
        _LOG.warning("what was read from model files before is lost, %s: %s", database, error)
        return []
