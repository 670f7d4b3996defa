"""What is still to be told, in the database, so that a restart goes on with it."""

import sqlite3
from dataclasses import dataclass

from tintype.jobs import JobStore


@dataclass(frozen=True, slots=True)
class Letter:
    """The end of a job that somebody is to be told of.

    Attributes:
        job: its id.
        url: whom to tell.
        attempts: how often it was tried.
        due: when to try next, Unix seconds.
    """

    job: str
    url: str
    attempts: int
    due: float


class Outbox:
    """The table `webhooks`: a row for each letter that has not arrived."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    async def waiting(self, limit: int) -> list[Letter]:
        """Letters that are due or will be, the most urgent first."""

        def read(database: sqlite3.Connection) -> list[Letter]:
            rows = database.execute(
                "SELECT job, url, attempts, due FROM webhooks ORDER BY due LIMIT ?", (limit,)
            )
            return [Letter(*row) for row in rows]

        # In line with the writes, so that the letter of a job is seen once its end was told.
        return await self._store.write(read)

    async def forget(self, letter: Letter) -> None:
        """Take out a letter that arrived or is given up."""

        def delete(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM webhooks WHERE job = ?", (letter.job,))

        await self._store.write(delete)

    async def failed(self, letter: Letter, due: float, error: str) -> None:
        """Note that an attempt came to nothing, and when the next one is due."""

        def note(database: sqlite3.Connection) -> None:
            database.execute(
                "UPDATE webhooks SET attempts = ?, due = ?, error = ? WHERE job = ?",
                (letter.attempts + 1, due, error, letter.job),
            )

        await self._store.write(note)
