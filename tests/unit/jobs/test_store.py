"""The database of jobs: commits, neighbours, torn files."""

import asyncio
import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path
from threading import Event

import pytest

from tintype.errors import SetupError
from tintype.jobs import JobStore


@pytest.fixture
def store(tmp_path: Path) -> Generator[JobStore]:
    """An empty store."""
    store = JobStore(tmp_path / "jobs.sqlite")
    yield store
    store.close()


def add(name: str) -> Callable[[sqlite3.Connection], str]:
    """Write a row."""

    def work(db: sqlite3.Connection) -> str:
        db.execute("INSERT INTO webhooks VALUES (?, '', 0, 0, NULL)", (name,))
        return name

    return work


def names(db: sqlite3.Connection) -> list[str]:
    return [name for (name,) in db.execute("SELECT job FROM webhooks ORDER BY job")]


def test_what_is_done_is_on_disk(store: JobStore, tmp_path: Path) -> None:
    """Once the future is done, another connection sees the row."""
    assert store.submit(add("a")).result(10) == "a"
    with sqlite3.connect(tmp_path / "jobs.sqlite") as db:
        assert names(db) == ["a"]
    db.close()


def test_one_bad_write_does_not_spoil_its_neighbours(store: JobStore) -> None:
    """Writes that wait together are one transaction, and still fail alone."""
    gate = Event()
    first = store.submit(lambda db: gate.wait(10))
    good = store.submit(add("a"))
    twice = store.submit(add("a"))
    broken = store.submit(lambda db: 1 / 0)
    after = store.submit(add("b"))
    gate.set()

    assert first.result(10)
    assert (good.result(10), after.result(10)) == ("a", "b")
    assert isinstance(twice.exception(10), SetupError)
    assert isinstance(broken.exception(10), ZeroDivisionError)
    assert asyncio.run(store.read(names)) == ["a", "b"]


def test_a_write_that_waits_can_be_taken_back(store: JobStore) -> None:
    """A cancelled future's work is not done."""
    gate = Event()
    store.submit(lambda db: gate.wait(10))
    waiting = store.submit(add("a"))
    assert waiting.cancel()
    gate.set()
    store.submit(add("b")).result(10)

    assert asyncio.run(store.read(names)) == ["b"]


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough" * 100, b"SQLite format 3\0" * 64]
)
def test_a_foreign_file_is_moved_aside(
    content: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The store begins anew, the file is kept under another name, and the log says so."""
    path = tmp_path / "jobs.sqlite"
    path.write_bytes(content)
    store = JobStore(path)
    store.submit(add("a")).result(10)
    store.close()

    (aside,) = tmp_path.glob("jobs.sqlite.torn-*")
    assert aside.read_bytes() == content
    assert aside.name in caplog.text


def test_a_database_of_another_program_is_moved_aside(tmp_path: Path) -> None:
    """A good file with other tables is not written into."""
    path = tmp_path / "jobs.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (a)")
    db.close()
    JobStore(path).close()

    assert len(list(tmp_path.glob("jobs.sqlite.torn-*"))) == 1


def test_a_torn_page_is_noticed(tmp_path: Path) -> None:
    """A database with a page of rubbish in it is moved aside."""
    path = tmp_path / "jobs.sqlite"
    store = JobStore(path)
    for number in range(300):
        store.submit(add(f"{number} {'x' * 200}"))
    store.close()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size - 3 * 4096)
        file.write(b"\xff" * 8192)
    JobStore(path).close()

    assert len(list(tmp_path.glob("jobs.sqlite.torn-*"))) == 1


def test_what_was_written_is_there_again(tmp_path: Path) -> None:
    """A second opening finds the rows of the first."""
    for name in ("a", "b"):
        store = JobStore(tmp_path / "jobs.sqlite")
        store.submit(add(name))
        found = asyncio.run(store.read(lambda db: 0)) or store.submit(names).result(10)
        store.close()

    assert found == ["a", "b"]


def test_two_servers_do_not_share_a_folder(store: JobStore, tmp_path: Path) -> None:
    """The second is told which folder, and how to choose another."""
    with pytest.raises(SetupError, match="--data"):
        JobStore(tmp_path / "jobs.sqlite")


def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """A late write fails instead of waiting for ever."""
    store = JobStore(tmp_path / "jobs.sqlite")
    store.close()

    assert isinstance(store.submit(add("a")).exception(10), SetupError)
