"""Writing the rows of a picture."""

import json
import sqlite3
from collections.abc import Collection, Mapping
from typing import cast
from uuid import uuid4

from tintype.imagestore.records import Looked, PictureFacts

_LARGEST = 2**63 - 1

Place = tuple[str, str]
"""A folder below `outputs/`, with slashes, and the name of a file in it."""


def put(
    db: sqlite3.Connection,
    place: Place,
    state: tuple[int, int],
    looked: Looked,
    facts: PictureFacts,
) -> int:
    """Write what a file holds, as a new picture or over what was known of it.

    Args:
        db: in a transaction.
        state: its bytes, and when it was modified in nanoseconds; when a new one was made.

    Returns:
        The number of its row.
    """
    columns = {
        "bytes": state[0],
        "modified": state[1],
        "width": looked.width,
        "height": looked.height,
        **_narrow(facts),
        "gone": None,
    }
    number = _number_at(db, place)
    if number is None:
        number = _begun(db, place, columns)
    else:
        update(db, number, columns)
    _write_texts(db, number, facts, looked.infotext)
    return number


def update(db: sqlite3.Connection, number: int, columns: Mapping[str, object]) -> None:
    """Change columns of `pictures`, in a transaction."""
    changes = ", ".join(f"{name} = ?" for name in columns)
    db.execute(f"UPDATE pictures SET {changes} WHERE number = ?", (*columns.values(), number))


def retag(db: sqlite3.Connection, number: int, tags: Collection[str]) -> None:
    """Give a picture these tags and no others, in a transaction."""
    db.execute("DELETE FROM tags WHERE picture = ?", (number,))
    rows = [(number, tag) for tag in dict.fromkeys(tags)]
    db.executemany("INSERT INTO tags VALUES (?, ?)", rows)


def drop(db: sqlite3.Connection, numbers: Collection[int]) -> None:
    """Forget pictures, in a transaction."""
    each = [(number,) for number in numbers]
    db.executemany("DELETE FROM words WHERE rowid = ?", each)
    db.executemany("DELETE FROM texts WHERE number = ?", each)
    db.executemany("DELETE FROM tags WHERE picture = ?", each)
    db.executemany("DELETE FROM pictures WHERE number = ?", each)


def _begun(db: sqlite3.Connection, place: Place, columns: Mapping[str, object]) -> int:
    new = {
        "id": uuid4().hex,
        "folder": place[0],
        "name": place[1],
        "owner": "",
        "made": round(cast("int", columns["modified"]) / 1e9, 6),
        "is_sheet": _is_sheet(place),
        **columns,
    }
    names, marks = ", ".join(new), ", ".join("?" * len(new))
    query = f"INSERT INTO pictures ({names}) VALUES ({marks})"
    return cast("int", db.execute(query, tuple(new.values())).lastrowid)


def _number_at(db: sqlite3.Connection, place: Place) -> int | None:
    query = "SELECT number FROM pictures WHERE folder = ? AND name = ? AND trashed IS NULL"
    row = db.execute(query, place).fetchone()
    return None if row is None else row[0]


def _narrow(facts: PictureFacts) -> dict[str, object]:
    def whole(value: int | None) -> int | None:
        return value if value is not None and abs(value) <= _LARGEST else None

    return {
        "model": facts.model,
        "model_hash": facts.model_hash,
        "sampler": facts.sampler,
        "schedule": facts.schedule,
        "seed": whole(facts.seed),
        "steps": whole(facts.steps),
    }


def _write_texts(db: sqlite3.Connection, number: int, facts: PictureFacts, infotext: str) -> None:
    row = (number, facts.negative_prompt, infotext, json.dumps(facts.loras))
    db.execute("INSERT OR REPLACE INTO texts VALUES (?, ?, ?, ?)", row)
    db.execute("DELETE FROM words WHERE rowid = ?", (number,))
    db.execute("INSERT INTO words (rowid, prompt) VALUES (?, ?)", (number, facts.prompt))


def _is_sheet(place: tuple[str, str]) -> bool:
    """A1111's habit: sheets lie in folders of their own, or their names begin so."""
    folder, name = place
    return name.startswith("grid-") or "-grids" in folder
