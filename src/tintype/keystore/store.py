"""API keys in `<data>/keys.sqlite`: the command line changes them while a server reads them."""

import os
import re
import secrets
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from time import time
from typing import cast

from tintype.core.rights import RIGHTS, Allowance, Right
from tintype.errors import InvalidRequest, SetupError, UnknownName

PREFIX = "tt_"
KEYS_FILE = "keys.sqlite"

_NAME = re.compile(r"[\w.@-]{1,64}")
_BUSY_SECONDS = 5.0
_UNBOUNDED = Allowance()
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    name TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, rights TEXT NOT NULL,
    per_minute INTEGER, images_per_day INTEGER, queued INTEGER, created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS painted (
    name TEXT NOT NULL, day INTEGER NOT NULL, images INTEGER NOT NULL, PRIMARY KEY (name, day)
);
"""


@dataclass(frozen=True, slots=True)
class Key:
    """Somebody's key, without the key itself.

    Attributes:
        name: whose it is; jobs asked for with it are theirs.
        rights: what it opens.
        allowance: how much may be asked for with it.
        created: unix seconds.
        digest: SHA-256 of the key. A slow hash is for passwords, which can be guessed; 256 random
            bits cannot, and they are looked up with every request.
    """

    name: str
    rights: frozenset[Right]
    allowance: Allowance
    created: float
    digest: bytes = field(repr=False)


class KeyStore:
    """The keys of one data folder; may be used by several threads and processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._seen: tuple[int, tuple[Key, ...]] | None = None

    def add(
        self,
        name: str,
        rights: Iterable[Right] = RIGHTS,
        allowance: Allowance = _UNBOUNDED,
    ) -> str:
        """Make a key, and return it; it cannot be seen again.

        Raises:
            InvalidRequest: the name is taken, or no name.
            SetupError: the file cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise InvalidRequest("name", "expected up to 64 letters, digits, or any of _ . @ -")
        key = PREFIX + secrets.token_urlsafe(32)
        held = [right for right in RIGHTS if right in set(rights)]
        bounds = (allowance.per_minute, allowance.images_per_day, allowance.queued)
        row = (name, _digest(key), " ".join(held), *bounds, time())
        with self._lock, self._written() as connection:
            try:
                connection.execute("INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise InvalidRequest("name", f"there is a key named {name} already") from None
        return key

    def remove(self, name: str) -> None:
        """Make a key worthless. Raises `UnknownName` if there is none of that name."""
        names = [key.name for key in self.all()]
        if name not in names:
            raise UnknownName("key", name, names)
        with self._lock, self._written() as connection:
            connection.execute("DELETE FROM keys WHERE name = ?", (name,))
            connection.execute("DELETE FROM painted WHERE name = ?", (name,))

    def all(self) -> tuple[Key, ...]:
        """Every key, by name, as they are now: another process may have changed them."""
        with self._lock:
            if self._connection is None and not self._path.exists():
                return ()
            connection = self._open()
            version = cast("int", connection.execute("PRAGMA data_version").fetchone()[0])
            if self._seen is None or self._seen[0] != version:
                rows = connection.execute("SELECT * FROM keys ORDER BY name").fetchall()
                self._seen = version, tuple(_key(*row) for row in rows)
            return self._seen[1]

    def find(self, secret: str) -> Key | None:
        """The key that this is, or None."""
        digest = _digest(secret)
        found: Key | None = None
        for key in self.all():  # to the end, so that time does not tell which one it was
            if compare_digest(key.digest, digest):
                found = key
        return found

    def spend(self, name: str, images: int, most: int, day: int) -> bool:
        """Count images somebody asks for, unless they would be more than `most` on that day.

        Args:
            name: of a key.
            images: how many more; negative to take back what did not come to be.
            most: the day's bound, inclusive.
            day: days since 1970 in UTC; the counts of other days are forgotten.
        """
        with self._lock, self._written() as connection:
            connection.execute("DELETE FROM painted WHERE name = ? AND day <> ?", (name, day))
            query = "SELECT images FROM painted WHERE name = ?"
            spent = (connection.execute(query, (name,)).fetchone() or (0,))[0] + images
            if spent > most:
                return False
            connection.execute(
                "INSERT OR REPLACE INTO painted VALUES (?, ?, ?)", (name, day, max(spent, 0))
            )
            return True

    def close(self) -> None:
        """Let go of the file; it is opened again when needed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._seen = None

    def _written(self) -> sqlite3.Connection:
        self._seen = None  # data_version tells of other connections' changes, not of our own
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        return connection

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _opened(self._path)
        return self._connection


def _opened(path: Path) -> sqlite3.Connection:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite would let others read it
        connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_SCHEMA)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(f"the keys in {path} cannot be read: {error}") from error
    return connection


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _key(
    name: str,
    digest: bytes,
    rights: str,
    per_minute: int | None,
    images_per_day: int | None,
    queued: int | None,
    created: float,
) -> Key:
    held = cast("list[Right]", rights.split())
    return Key(
        name, frozenset(held), Allowance(per_minute, images_per_day, queued), created, digest
    )
