"""Jobs as rows: the schema, and every statement about them."""

import json
import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

from tintype.core.jobs import Admission, Timings
from tintype.jobs.record import RESTING, Record, State, error_called

SCHEMA_VERSION = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    dialect TEXT NOT NULL,
    priority TEXT NOT NULL,
    images INTEGER NOT NULL,
    created REAL NOT NULL,
    plan_bytes INTEGER NOT NULL,
    draft_steps INTEGER,
    webhook TEXT,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    deaths INTEGER NOT NULL,
    finished TEXT NOT NULL,
    steps TEXT NOT NULL,
    started REAL,
    ended REAL,
    running_seconds REAL NOT NULL,
    timings TEXT,
    error_kind TEXT,
    error TEXT,
    idempotency_key TEXT,
    fingerprint TEXT NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS jobs_by_key ON jobs (owner, idempotency_key)
    WHERE idempotency_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, sequence);
CREATE TABLE IF NOT EXISTS contents (
    job TEXT PRIMARY KEY,
    request BLOB NOT NULL,
    plans BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS webhooks (
    job TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due REAL NOT NULL,
    error TEXT
);
"""

_FIXED = "id, sequence, owner, dialect, priority, images, created, plan_bytes, webhook"
_CHANGING = (
    "draft_steps, state, attempts, deaths, finished, steps, started, ended, running_seconds, "
    "timings, error_kind, error"
)
_ALL = f"{_FIXED}, {_CHANGING}"


@dataclass(frozen=True, slots=True)
class Contents:
    """What of a job is too heavy to be kept in memory: the packed plans, and the request."""

    plans: bytes
    request: bytes


@dataclass(frozen=True, slots=True)
class Filed:
    """A job at rest, as far as its keeping is concerned."""

    id: str
    ended: float
    plan_bytes: int


def insert(
    db: sqlite3.Connection, row: dict[str, Any], contents: Contents, admission: Admission
) -> tuple[str, str] | None:
    """A new job, unless its owner has one under its key: id and fingerprint of that one then."""
    key = admission.idempotency_key
    if key is not None and (first := under_key(db, admission.owner, key)) is not None:
        return first
    row = row | {"idempotency_key": key, "fingerprint": admission.fingerprint}
    places = ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT INTO jobs ({', '.join(row)}) VALUES ({places})", row)
    db.execute(
        "INSERT INTO contents VALUES (?, ?, ?)", (row["id"], contents.request, contents.plans)
    )
    return None


def update(db: sqlite3.Connection, row: dict[str, Any]) -> None:
    """What has changed of a job; nothing happens if it was forgotten."""
    changes = ", ".join(f"{name} = :{name}" for name in _CHANGING.split(", "))
    db.execute(f"UPDATE jobs SET {changes} WHERE id = :id", row)


def promote(db: sqlite3.Connection, row: dict[str, Any]) -> bool:
    """Write a draft as promoted; False if it is none any more, for two may do so at once."""
    before = found(db, row["id"])
    if before is None or before.state != "parked":
        return False
    update(db, row)
    return True


def file(db: sqlite3.Connection, row: dict[str, Any], webhook: str | None, due: float) -> None:
    """How a job ended; and who is to be told of it, from when on in unix seconds."""
    update(db, row)
    if webhook is not None:
        letter = (row["id"], webhook, due)
        db.execute("INSERT OR IGNORE INTO webhooks VALUES (?, ?, 0, ?, NULL)", letter)


def forget(db: sqlite3.Connection, job_ids: list[str]) -> None:
    """Nothing is left of these jobs."""
    ids = [(job_id,) for job_id in job_ids]
    for table, column in (("jobs", "id"), ("contents", "job"), ("webhooks", "job")):
        db.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)


def contents(db: sqlite3.Connection, job_id: str) -> Contents | None:
    """The heavy part of a job."""
    row = db.execute("SELECT plans, request FROM contents WHERE job = ?", (job_id,)).fetchone()
    return None if row is None else Contents(*row)


def found(db: sqlite3.Connection, job_id: str) -> Record | None:
    """A job by its id, its request included."""
    if not job_id.isascii():  # halves of letters are no UTF-8
        return None
    rows = _with_requests(db, "WHERE id = ?", (job_id,))
    return rows[0] if rows else None


def listed(
    db: sqlite3.Connection, owner: str | None, state: State | None, limit: int, before: float | None
) -> list[Record]:
    """Jobs with their requests, the newest first."""
    where = "WHERE (?1 IS NULL OR owner = ?1) AND (?2 IS NULL OR state = ?2)"
    where += " AND (?3 IS NULL OR created < ?3) ORDER BY sequence DESC LIMIT ?4"
    return _with_requests(db, where, (owner, state, before, limit))


def unfinished(db: sqlite3.Connection) -> list[Record]:
    """Jobs that were queued or running when the last process ended, in their order."""
    where = "WHERE state IN ('queued', 'running') ORDER BY sequence"
    return [_record(row) for row in db.execute(f"SELECT {_ALL} FROM jobs {where}")]


def next_sequence(db: sqlite3.Connection) -> int:
    """A number that is higher than any job's."""
    (highest,) = db.execute("SELECT coalesce(max(sequence), 0) FROM jobs").fetchone()
    return highest + 1


def under_key(db: sqlite3.Connection, owner: str, key: str) -> tuple[str, str] | None:
    """Id and fingerprint of the job an owner has admitted under a key."""
    where = "WHERE owner = ? AND idempotency_key = ?"
    return db.execute(f"SELECT id, fingerprint FROM jobs {where}", (owner, key)).fetchone()


def at_rest(db: sqlite3.Connection) -> list[Filed]:
    """Jobs at rest, the one admitted last first."""
    states = ", ".join(f"'{state}'" for state in sorted(RESTING))
    rows = db.execute(
        f"SELECT id, coalesce(ended, created), plan_bytes FROM jobs WHERE state IN ({states}) "
        "ORDER BY sequence DESC"
    )
    return [Filed(*row) for row in rows]


def known(db: sqlite3.Connection) -> frozenset[str]:
    """Ids of all jobs."""
    return frozenset(job_id for (job_id,) in db.execute("SELECT id FROM jobs"))


def row_of(record: Record) -> dict[str, Any]:
    """All values of a record's row as they are now, by column."""
    timings, error = record.timings, record.error
    return {
        "id": record.id,
        "sequence": record.sequence,
        "owner": record.owner,
        "dialect": record.dialect,
        "priority": record.priority,
        "images": record.images,
        "created": record.created,
        "plan_bytes": record.plan_bytes,
        "webhook": record.webhook,
        "draft_steps": record.draft_steps,
        "state": record.state,
        "attempts": record.attempts,
        "deaths": record.deaths,
        "finished": json.dumps(sorted(record.finished)),
        "steps": json.dumps(sorted((record.steps or {}).items())),
        "started": record.started,
        "ended": record.ended,
        "running_seconds": record.spent,
        "timings": None if timings is None else json.dumps(asdict(timings)),
        "error_kind": None if error is None else type(error).__name__,
        "error": None if error is None else str(error),
    }


def _with_requests(db: sqlite3.Connection, where: str, values: tuple[Any, ...]) -> list[Record]:
    rows = db.execute(
        f"SELECT {_ALL}, request FROM jobs JOIN contents ON contents.job = jobs.id {where}", values
    )
    return [_record(row[:-1], row[-1]) for row in rows]


def _record(row: tuple[Any, ...], request: bytes | None = None) -> Record:
    values = dict(zip(_ALL.split(", "), row, strict=True))
    timings = values.pop("timings")
    return Record(
        finished=frozenset(json.loads(values.pop("finished"))),
        steps={image: (made, total) for image, (made, total) in json.loads(values.pop("steps"))},
        spent=values.pop("running_seconds"),
        timings=None if timings is None else Timings(**json.loads(timings)),
        error=error_called(values.pop("error_kind"), values.pop("error")),
        request=request,
        **values,
    )
