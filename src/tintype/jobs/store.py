"""The database of jobs, written by one thread that commits whatever waits in one go."""

import asyncio
import fcntl
import logging
import os
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import strftime
from typing import Any, TypeVar

from tintype.errors import BusyError, SetupError, TintypeError
from tintype.jobs.rows import SCHEMA, SCHEMA_VERSION

T = TypeVar("T")

_log = logging.getLogger("tintype.jobs")

_OURS = 0x54494E54  # "TINT": the application id in the header of our files
_MOST_TOGETHER = 256  # writes of one transaction
_CHECKED_BYTES = 64 * 2**20  # larger files are not read through at the start
_BUSY_SECONDS = 10.0
_SPACE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


@dataclass(frozen=True, slots=True)
class _Errand:
    work: Callable[[sqlite3.Connection], Any]
    promise: "Future[Any]"


class JobStore:
    """SQLite in WAL mode, every commit synced to the disk.

    A file that is torn or not ours is moved aside, and a new one begun.
    """

    def __init__(self, path: Path) -> None:
        """Open or create the database; blocks.

        Args:
            path: of the file. `<path>.lock` beside it keeps others out.

        Raises:
            SetupError: another server works on it, or it cannot be written to.
        """
        self._path, self._is_closed = path, False
        self._lock = _locked(path.with_name(f"{path.name}.lock"))
        self._errands: SimpleQueue[_Errand | None] = SimpleQueue()
        self._db = _opened(path)
        self._writer = Thread(target=self._write_all, name="tintype-job-store", daemon=True)
        self._writer.start()

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> "Future[T]":
        """Have something written, from any thread; done once it is committed.

        Args:
            work: runs statements in a transaction it shares with others; may run twice, so it
                changes nothing but the database. What it raises undoes its own statements alone.

        Raises, through the future:
            BusyError: the disk is full or does not obey.
            SetupError: the database is damaged.
        """
        promise: Future[T] = Future()
        if self._is_closed:
            promise.set_exception(SetupError("the database of jobs is closed"))
        else:
            self._errands.put(_Errand(work, promise))
        return promise

    def write(self, work: Callable[[sqlite3.Connection], T]) -> "asyncio.Future[T]":
        """As `submit`, for the running event loop."""
        return asyncio.wrap_future(self.submit(work))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Read what is committed, on a connection and in a thread of its own.

        Raises as `submit`.
        """
        return await asyncio.to_thread(self._read, work)

    def close(self) -> None:
        """Write everything that waits, and close; blocks. Harmless a second time."""
        if self._is_closed:
            return
        self._is_closed = True
        self._errands.put(None)
        self._writer.join()
        os.close(self._lock)

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _in_words(), closing(_connected(self._path)) as db:
            return work(db)

    def _write_all(self) -> None:
        is_open = True
        while is_open:
            errands, is_open = self._waiting()
            self._commit(errands)
        self._db.close()

    def _waiting(self) -> tuple[list[_Errand], bool]:
        """Everything there is to write, after waiting for a first; False once it is the last."""
        errands: list[_Errand] = []
        with suppress(Empty):
            errand = self._errands.get()
            while errand is not None:
                if errand.promise.set_running_or_notify_cancel():
                    errands.append(errand)
                if len(errands) == _MOST_TOGETHER:
                    return errands, True
                errand = self._errands.get_nowait()
            return errands, False
        return errands, True

    def _commit(self, errands: list[_Errand]) -> None:
        """One transaction; where it fails as a whole, one for each, so that one fails alone."""
        try:
            with _in_words():
                results = self._in_one_transaction(errands)
        except Exception as error:
            if len(errands) > 1:
                for errand in errands:
                    self._commit([errand])
            else:
                for errand in errands:
                    errand.promise.set_exception(error)
            return
        for errand, result in zip(errands, results, strict=True):
            if isinstance(result, _Raised):
                errand.promise.set_exception(result.error)
            else:
                errand.promise.set_result(result)

    def _in_one_transaction(self, errands: list[_Errand]) -> list[Any]:
        if not errands:
            return []
        self._db.execute("BEGIN IMMEDIATE")
        try:
            results = [self._apart(errand) for errand in errands]
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return results

    def _apart(self, errand: _Errand) -> Any:
        self._db.execute("SAVEPOINT one")
        try:
            result = errand.work(self._db)
        except sqlite3.Error:
            raise  # of the file itself, perhaps: the transaction may be gone
        except Exception as error:
            self._db.execute("ROLLBACK TO one")
            result = _Raised(error)
        self._db.execute("RELEASE one")
        return result


@dataclass(frozen=True, slots=True)
class _Raised:
    error: Exception


def _locked(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise SetupError(
            f"another server works on the data folder {path.parent}; end it, or choose another "
            "folder with --data or TINTYPE_DATA"
        ) from error
    return lock


def _opened(path: Path) -> sqlite3.Connection:
    try:
        return _ready(path)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (*_SPACE, sqlite3.SQLITE_CANTOPEN):
            raise SetupError(f"{path} cannot be written: {error}") from error
        _move_aside(path, str(error))
    return _ready(path)


def _ready(path: Path) -> sqlite3.Connection:
    """A connection to a database of ours. Raises `sqlite3.DatabaseError` if it is not one."""
    db = _connected(path)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        _check(db, path)
        db.execute(f"PRAGMA application_id = {_OURS}")
        db.executescript(SCHEMA)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    except BaseException:
        db.close()
        raise
    return db


def _check(db: sqlite3.Connection, path: Path) -> None:
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if tables and (application != _OURS or version > SCHEMA_VERSION):
        raise sqlite3.DatabaseError("it is not ours, or of a later version")
    if path.stat().st_size <= _CHECKED_BYTES:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _move_aside(path: Path, why: str) -> None:
    aside = path.with_name(f"{path.name}.torn-{strftime('%Y%m%d-%H%M%S')}")
    for tail in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.replace(f"{path}{tail}", f"{aside}{tail}")
    _log.error("%s cannot be used (%s); moved to %s, jobs begin anew", path, why, aside.name)


@contextmanager
def _in_words() -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise _words_for(error) from error


def _words_for(error: sqlite3.Error) -> TintypeError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SPACE:
        return BusyError(f"jobs cannot be written down: the disk is full or fails ({error})", 30.0)
    if code == sqlite3.SQLITE_BUSY:
        return BusyError(f"jobs cannot be written down just now: {error}")
    return SetupError(f"the database of jobs cannot be used: {error}")
