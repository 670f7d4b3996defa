"""The gallery's SQLite file: its tables, and rows of them as values."""

import json
import logging
import sqlite3
from pathlib import Path

from tintype.errors import SetupError
from tintype.imagestore.records import Picture, PictureFacts

_LOG = logging.getLogger(__name__)
_OURS = 0x54494D47  # "TIMG": the application id in the header of our files
_VERSION = 1
_BUSY_SECONDS = 10.0

# Long texts stand apart, so that counting and filtering read narrow rows.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pictures (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    folder TEXT NOT NULL, name TEXT NOT NULL,
    bytes INTEGER NOT NULL, modified INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL,
    model TEXT, model_hash TEXT, sampler TEXT, schedule TEXT, seed INTEGER, steps INTEGER,
    job TEXT, owner TEXT NOT NULL, made REAL NOT NULL, is_sheet INTEGER NOT NULL,
    starred INTEGER NOT NULL DEFAULT 0, board TEXT, trashed REAL, gone REAL
);
CREATE UNIQUE INDEX IF NOT EXISTS by_place ON pictures (folder, name) WHERE trashed IS NULL;
CREATE INDEX IF NOT EXISTS by_time ON pictures (made, number);
CREATE INDEX IF NOT EXISTS by_owner ON pictures (owner, made, number);
CREATE INDEX IF NOT EXISTS by_gone ON pictures (gone) WHERE gone IS NOT NULL;
CREATE TABLE IF NOT EXISTS texts (
    number INTEGER PRIMARY KEY, negative_prompt TEXT NOT NULL, infotext TEXT NOT NULL,
    loras TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS tags (
    picture INTEGER NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (picture, tag)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_tag ON tags (tag, picture);
"""
# Searches are for single words and their beginnings: places in the text are not needed, and short
# beginnings are indexed (of 50 000 prompts that all have the word: 2 ms instead of 51).
_INDEXED = """
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
    prompt, tokenize = "unicode61 remove_diacritics 2", prefix = "2 3 4", detail = none
)
"""
_PLAIN = "CREATE TABLE IF NOT EXISTS words (prompt TEXT NOT NULL)"

_COLUMNS = """
    p.number, p.id, p.folder, p.name, p.bytes, p.modified, p.width, p.height,
    p.model, p.model_hash, p.sampler, p.schedule, p.seed, p.steps, p.job, p.owner, p.made,
    p.is_sheet, p.starred, p.board, p.trashed, w.prompt, t.negative_prompt, t.infotext, t.loras,
    (SELECT json_group_array(tag) FROM tags WHERE picture = p.number) AS tags
"""
SELECTED = f"""
    SELECT {_COLUMNS} FROM pictures p
    JOIN texts t ON t.number = p.number JOIN words w ON w.rowid = p.number
"""
"""All of a picture, for `as_picture`."""


def opened(path: Path) -> sqlite3.Connection:
    """The file, made where it is missing; one that is torn or not ours is moved aside.

    Raises:
        SetupError: it cannot be opened.
    """
    try:
        try:
            return _connected(path)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, read-only, no space
                raise
            _LOG.warning("%s is no index of pictures (%s); a new one is begun", path, error)
            path.replace(path.with_name(f"{path.name}.broken"))
            for rest in ("-wal", "-shm"):
                path.with_name(f"{path.name}{rest}").unlink(missing_ok=True)
            return _connected(path)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(f"the index of pictures {path} cannot be opened: {error}") from error


def has_word_index(connection: sqlite3.Connection) -> bool:
    """Whether `words` is a full-text index; without FTS5 it is a plain table."""
    row = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'words'").fetchone()
    return "fts5" in row[0]


def as_picture(row: sqlite3.Row) -> Picture:
    """A row of `SELECTED`."""
    facts = PictureFacts(
        prompt=row["prompt"],
        negative_prompt=row["negative_prompt"],
        model=row["model"],
        model_hash=row["model_hash"],
        sampler=row["sampler"],
        schedule=row["schedule"],
        seed=row["seed"],
        steps=row["steps"],
        loras=tuple(json.loads(row["loras"])),
    )
    return Picture(
        number=row["number"],
        id=row["id"],
        folder=row["folder"],
        name=row["name"],
        bytes=row["bytes"],
        modified=row["modified"],
        width=row["width"],
        height=row["height"],
        facts=facts,
        infotext=row["infotext"],
        job_id=row["job"],
        owner=row["owner"],
        made=row["made"],
        is_sheet=bool(row["is_sheet"]),
        starred=bool(row["starred"]),
        board=row["board"],
        tags=tuple(sorted(json.loads(row["tags"]))),
        trashed=row["trashed"],
    )


def _connected(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if tables and (owner, version) != (_OURS, _VERSION):
        raise sqlite3.DatabaseError("it belongs to another program or version")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    if tables:
        return
    connection.executescript(_SCHEMA)
    connection.execute(_INDEXED if _has_fts5(connection) else _PLAIN)
    connection.execute(f"PRAGMA application_id = {_OURS}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.commit()


def _has_fts5(connection: sqlite3.Connection) -> bool:
    query = "SELECT 1 FROM pragma_compile_options WHERE compile_options = 'ENABLE_FTS5'"
    return connection.execute(query).fetchone() is not None
