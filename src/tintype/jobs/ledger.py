"""The jobs and their states, in memory and on disk.

What is said here stands in memory at once and in the database soon after. All methods belong to
the thread of the event loop; what takes time is done in other threads.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from tintype.core.jobs import Command, Timings
from tintype.core.settings import JobsConfig, Limits
from tintype.errors import Cancelled, EngineError, TintypeError
from tintype.jobs import rows
from tintype.jobs.folder import JobFolder
from tintype.jobs.keeping import keep_house
from tintype.jobs.pace import Pace
from tintype.jobs.queue import Queue, Share, Waiting
from tintype.jobs.record import FINAL, RESTING, JobView, Record, State
from tintype.jobs.store import JobStore

_MOST_ATTEMPTS = 10  # where it is always the whole server that dies
_FRESH_SECONDS = 60.0  # jobs that came to rest since then are forgotten by no rule
_HOUSEKEEPING_SECONDS = 300.0
_HOUSEKEEPING = "tintype-housekeeping"

_log = logging.getLogger("tintype.jobs")


class Ledger:
    """Queue and running jobs; jobs at rest are on disk alone."""

    def __init__(
        self,
        store: JobStore,
        folder: Path,
        limits: Limits | None = None,
        config: JobsConfig | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """The jobs of the last process go on: queued ones wait, running ones wait again.

        Blocks; no event loop is needed yet.

        Args:
            store: their database.
            folder: holds a folder for each job.
            limits: bounds of the queue.
            config: how jobs are kept.
            clock: steady seconds, for durations.
            wall: unix seconds, to be shown; no order depends on it.
        """
        self._store, self._folder = store, folder
        self._limits, self._config = limits or Limits(), config or JobsConfig()
        self._clock, self._wall = clock, wall
        self._live: dict[str, Record] = {}
        self._queue, self._share = Queue(), Share()
        self._running: dict[str, Record] = {}
        self._watched: set[Record] = set()
        self._fresh: dict[str, float] = {}
        self._pace = Pace()
        self._closed: str | None = None
        self._stopping = False
        self._tasks: set[asyncio.Task[Any]] = set()
        self._on_end: list[Callable[[JobView], None]] = []
        self._on_admitted: Callable[[], None] = _nothing
        self._send: Callable[[Command], None] = _nothing_with
        self._next_sequence = store.submit(rows.next_sequence).result()
        for record in store.submit(rows.unfinished).result():
            self._restore(record)

    @property
    def running_count(self) -> int:
        """How many jobs are with a worker."""
        return len(self._running)

    @property
    def images_running(self) -> int:
        """How many images are with a worker and not finished."""
        return sum(len(record.unfinished) for record in self._running.values())

    @property
    def waiting_count(self) -> int:
        """How many jobs are queued."""
        return len(self._queue)

    def waiting(self) -> list[Waiting]:
        """What is queued, by priority and owner."""
        return self._queue.lines()

    def backlog_seconds(self) -> float | None:
        """Until all that is queued now is done, by jobs measured before; None without any."""
        seconds = self._pace.until_done(len(self._queue) - 1, len(self._running))
        return seconds if self._queue or seconds is None else 0.0

    def start(self) -> None:
        """Begin to keep house now and then; needs a running event loop."""
        self._task(self._keep_house(), _HOUSEKEEPING)

    async def shut(self) -> None:
        """Have everything written, and close the database."""
        self._stopping = True
        for task in self._tasks:
            if task.get_name() == _HOUSEKEEPING:
                task.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)
        await asyncio.to_thread(self._store.close)

    def _end_at_start(self, record: Record, state: State, error: TintypeError) -> None:
        """Write the end of a job that an earlier server left unfinished."""
        record.state, record.error = state, error
        record.ended = due = self._wall()
        row, webhook = rows.row_of(record), record.webhook
        self._store.submit(lambda db: rows.file(db, row, webhook, due)).result()

    def _restore(self, record: Record) -> None:
        if isinstance(record.error, Cancelled):
            self._end_at_start(record, "cancelled", record.error)
            return
        if record.attempts >= _MOST_ATTEMPTS:
            message = f"{record.attempts} servers ended with this job; it is given up"
            self._end_at_start(record, "failed", EngineError(message))
            return
        if record.state == "running":
            record.state, record.steps = "queued", None
            self._write(record)
        self._live[record.id] = record
        self._queue.add(record)

    def _requeue(self, record: Record, *, counts: bool = True) -> None:
        self._running.pop(record.id)
        record.spent = record.running_seconds(self._clock())
        record.state = "queued"
        record.attempts -= not counts
        record.forget_progress()
        self._queue.add(record)
        self._write(record)
        self._queue_moved()

    def _end(
        self,
        record: Record,
        state: State,
        error: TintypeError | None,
        timings: Timings | None = None,
    ) -> None:
        record.spent = record.running_seconds(self._clock())
        record.state, record.error, record.timings = state, error, timings
        record.ended = self._wall()
        self._running.pop(record.id, None)
        self._fresh[record.id] = self._clock()
        row, webhook = rows.row_of(record), record.webhook if state in FINAL else None
        due = self._wall()
        promise = self._store.submit(lambda db: rows.file(db, row, webhook, due))
        self._task(self._file(record, promise))
        self._queue_moved()
        tell(record)

    async def _file(self, record: Record, promise: Future[None]) -> None:
        """Once it is written down how a job ended, let go of it."""
        is_final = record.state in FINAL
        try:
            await asyncio.wrap_future(promise)
            if is_final:
                await asyncio.to_thread(self._of(record).drop_logs)
        except (TintypeError, OSError) as failure:
            belongs = {"job": record.id, "owner": record.owner}
            _log.error("the end of a job is not on disk: %s", failure, extra=belongs)
        if record.state in RESTING:  # no draft that was promoted meanwhile
            self._live.pop(record.id, None)
        if is_final:
            await self._announce(record)

    async def _announce(self, record: Record) -> None:
        if not self._on_end:
            return
        view = self._view(record, await self._request_of(record))
        for call in self._on_end:
            call(view)

    async def _request_of(self, record: Record) -> bytes | None:
        """What was asked for, from the disk where it is not at hand."""
        if record.request is not None:
            return record.request
        contents = await self._store.read(lambda db: rows.contents(db, record.id))
        return None if contents is None else contents.request

    def _view(self, record: Record, request: bytes | None = None) -> JobView:
        place = remaining = None
        if record.state == "queued" and record.id in self._live:
            place = self._queue.place(record, self._shares())
            remaining = self._pace.until_done(place, len(self._running))
        return record.view(self._clock(), request, place, remaining)

    def _shares(self) -> dict[str, int]:
        """Images each owner has running or was given lately, whichever is more."""
        now = self._clock()
        running = Counter[str]()
        for record in self._running.values():
            running[record.owner] += len(record.unfinished)
        owners = running.keys() | self._queue.owners
        return {owner: max(self._share.of(owner, now), running[owner]) for owner in owners}

    def _queue_moved(self) -> None:
        for record in self._watched:
            if record.state == "queued":
                tell(record)

    def _of(self, record: Record) -> JobFolder:
        return JobFolder(self._folder / record.id)

    def _write(self, record: Record) -> None:
        """Have a change of state written some time soon."""
        row = rows.row_of(record)
        promise = self._store.submit(lambda db: rows.update(db, row))
        promise.add_done_callback(_complain)

    def _task(self, work: Coroutine[Any, Any, Any], name: str | None = None) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("something about a job went wrong", exc_info=error)

    async def _keep_house(self) -> None:
        while True:
            now = self._clock()
            self._fresh = {i: at for i, at in self._fresh.items() if now - at < _FRESH_SECONDS}
            held = frozenset(self._live) | frozenset(self._fresh)
            try:
                await keep_house(self._store, self._folder, self._config, self._wall(), held)
            except (TintypeError, OSError) as error:
                _log.error("old jobs cannot be forgotten: %s", error)
            await asyncio.sleep(_HOUSEKEEPING_SECONDS)


def _complain(promise: Future[None]) -> None:
    if not promise.cancelled() and (error := promise.exception()) is not None:
        _log.error("a change of a job is not on disk: %s", error)


def tell(record: Record) -> None:
    """Wake those who wait for changes of a job."""
    for watcher in record.watchers or ():
        watcher.changed.set()


def _nothing() -> None:
    """Nobody is attached yet."""


def _nothing_with(_: Command) -> None:
    """Nobody is attached yet."""
