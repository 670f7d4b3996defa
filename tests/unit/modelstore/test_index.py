"""The index: what has been read is remembered."""

import math
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tintype.modelstore.facts import FileFacts, FileState

_NO_MORE = "CREATE TRIGGER no BEFORE INSERT ON files BEGIN SELECT RAISE(FAIL, 'no'); END"
A, B = FileState(Path("/a"), 1, 2), FileState(Path("/b"), 3, 4)


def test_facts_of_several_kinds(tmp_path: Path) -> None:
    """Each kind is kept beside the others, also by processes that do not know of each other."""
    database = tmp_path / "index.sqlite"
    one, other = FileFacts(database), FileFacts(database)
    assert one.known("x", A) is None
    assert other.known("y", A) is None
    one.remember("x", {A: {"n": None}, B: {"n": 2}})
    other.remember("y of 5", {A: {"n": [3]}})
    again = FileFacts(database)
    assert again.known("x", A) == {"n": None}
    assert again.known("y of 5", A) == {"n": [3]}
    assert again.known("x", B) == {"n": 2}


def test_another_state(tmp_path: Path) -> None:
    """What was known of a file is forgotten with the first that is known of its next state."""
    database = tmp_path / "index.sqlite"
    facts = FileFacts(database)
    facts.remember("x", {A: {"n": 1}})
    newer = FileState(A.path, A.bytes, A.modified + 1)
    assert facts.known("x", newer) is None
    facts.remember("y", {newer: {"n": 2}})
    for index in (facts, FileFacts(database)):
        assert index.known("x", newer) is None
        assert index.known("x", A) is None
        assert index.known("y", newer) == {"n": 2}


def test_only_what_is_new_is_read() -> None:
    """A fact is asked for once for each file."""
    facts, read = FileFacts(None), list[Path]()

    def look(path: Path) -> dict[str, object]:
        read.append(path)
        return {"path": str(path)}

    assert [fact["path"] for fact in facts.of("x", [A], look)] == ["/a"]
    assert [fact["path"] for fact in facts.of("x", [B, A], look)] == ["/b", "/a"]
    assert read == [A.path, B.path]


@pytest.mark.parametrize("has_database", [True, False])
def test_texts(tmp_path: Path, *, has_database: bool) -> None:
    """Long texts are kept beside, each for one state of its file."""
    database = tmp_path / "index.sqlite" if has_database else None
    facts = FileFacts(database)
    facts.remember_texts({A: "one", B: "two"})
    newer = FileState(A.path, A.bytes, A.modified + 1)
    assert list(facts.texts([B, newer, A])) == ["two", None, "one"]
    assert list(facts.texts([A])) == ["one"]
    if has_database:
        assert list(FileFacts(database).texts([A, B])) == ["one", "two"]


def test_an_index_that_cannot_be_written_to(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is read, and what is new lives in memory."""
    database = tmp_path / "index.sqlite"
    FileFacts(database).remember("x", {A: {"n": 1}})
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "CREATE TRIGGER no BEFORE INSERT ON files BEGIN SELECT RAISE(FAIL, 'no'); END"
        )
    facts = FileFacts(database)
    assert facts.known("x", A) == {"n": 1}
    facts.remember("x", {B: {"n": 2}})
    assert facts.known("x", B) == {"n": 2}
    assert "index.sqlite" in caplog.text


def test_a_number_that_is_no_json(tmp_path: Path) -> None:
    """A fact with an infinity is known, but not kept; the others are."""
    database = tmp_path / "index.sqlite"
    facts = FileFacts(database)
    facts.remember("x", {A: {"n": math.inf}, B: {"n": 1}})
    assert facts.known("x", A) == {"n": math.inf}
    assert FileFacts(database).known("x", A) is None
    assert FileFacts(database).known("x", B) == {"n": 1}


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """Paths are bytes to a file system, and are kept as such."""
    database, file = tmp_path / "index.sqlite", FileState(Path("/\udcff"), 1, 2)
    FileFacts(database).remember("x", {file: {"n": 1}})
    assert FileFacts(database).known("x", file) == {"n": 1}
