"""Every job there is, for those who ask.

All methods belong to the thread of the event loop. An admission is on disk before it is answered.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from sqlite3 import Connection
from uuid import uuid4

from tintype.core.jobs import Admission, Cancel, Interrupt, Painted, Preview, Watch
from tintype.core.requests import Plan
from tintype.errors import Cancelled, InvalidRequest, QueueFull, WorkerUnavailable
from tintype.jobs import rows
from tintype.jobs.folder import JobFolder
from tintype.jobs.packing import pack, unpack
from tintype.jobs.record import RESTING, JobView, Record, State
from tintype.jobs.rows import Contents
from tintype.jobs.supervised import PREVIEW_SECONDS, Supervised
from tintype.jobs.watching import Watcher

_GIVEN_UP = "the draft was given up"
_GUESSED_SECONDS = 5.0  # to the next free place, before any job was measured


class JobTable(Supervised):
    """Admits jobs, tells how they are, hands over their pictures, and ends them."""

    _arriving: int = 0

    async def admit(self, admission: Admission) -> str:
        """Put the plans of one request in the queue, and on disk.

        Returns:
            The new job's id; for a repeated idempotency key that of the first.

        Raises:
            InvalidRequest: the same key was used for something else.
            QueueFull: no place in the queue; says when to come back.
            WorkerUnavailable: the table is closed; says why.
            BusyError: the disk is full.
        """
        if (first := await self._first_like(admission)) is not None:
            return first
        if self._closed is not None:
            raise WorkerUnavailable(self._closed)
        self._check_length()
        record = self._record_for(admission)
        self._arriving += 1
        try:
            return await asyncio.shield(self._admitted(record, admission))
        finally:
            self._arriving -= 1

    async def known_as(self, owner: str, key: str, fingerprint: str) -> str | None:
        """The job an owner has admitted under an idempotency key, or None.

        Raises:
            InvalidRequest: the key was used for another request.
        """
        like = Admission((), owner, idempotency_key=key, fingerprint=fingerprint)
        return await self._first_like(like)

    async def view(self, job_id: str) -> JobView | None:
        """The job as it stands, or None if it is not (or no longer) known."""
        record = self._live.get(job_id)
        if record is not None:
            return self._view(record, await self._request_of(record))
        found = await self._store.read(lambda db: rows.found(db, job_id))
        return None if found is None else self._view(self._live.get(job_id, found), found.request)

    async def views(
        self,
        owner: str | None = None,
        state: State | None = None,
        limit: int = 50,
        before: float | None = None,
    ) -> list[JobView]:
        """Jobs, those admitted last first.

        Args:
            owner: whose; None for everybody's.
            state: in which state; None for any.
            limit: how many at most.
            before: only those created before, unix seconds.
        """
        await self._store.write(_nothing_more)  # what was said before is on disk now
        records = await self._store.read(lambda db: rows.listed(db, owner, state, limit, before))
        return [self._view(self._live.get(one.id, one), one.request) for one in records]

    def running(self) -> list[JobView]:
        """The running jobs, oldest first."""
        records = sorted(self._running.values(), key=lambda record: record.sequence)
        return [self._view(record) for record in records]

    async def ended(self, job_id: str) -> JobView:
        """Wait until a job is done, failed, cancelled or parked.

        Raises:
            KeyError: the job is not known.
            WorkerUnavailable: it is queued and the table closed; says why. The job is not lost.
        """
        record = self._live.get(job_id)
        if record is None:
            return await self._known(job_id)
        with self._watching(record) as watcher:
            while record.state not in RESTING:
                if record.state == "queued" and self._closed is not None:
                    raise WorkerUnavailable(self._closed)
                await watcher.wait()
        return self._view(record, await self._request_of(record))

    async def changes(
        self,
        job_id: str,
        previews: bool = False,  # noqa: FBT001, FBT002
    ) -> AsyncGenerator[JobView | Preview]:
        """The job now, and whenever something about it has changed, until it comes to rest.

        A slow reader gets only the newest. Ends early where the server stops.

        Args:
            job_id: of the job.
            previews: also what its images look like, as the worker comes to it.

        Raises:
            KeyError: the job is not known.
        """
        record = self._live.get(job_id)
        if record is None:
            yield await self._known(job_id)
            return
        request = await self._request_of(record)
        last: JobView | None = None
        with self._watching(record, wants_previews=previews) as watcher:
            while True:
                for preview in watcher.taken():
                    yield preview
                if (view := self._view(record, request)) != last:
                    yield view
                last = view
                if view.state in RESTING or (self._stopping and view.state == "queued"):
                    return
                await watcher.wait()

    async def plans(self, job_id: str) -> tuple[Plan, ...]:
        """What exactly is made. Raises `KeyError`, and `EngineError` for those not understood."""
        contents = await self._store.read(lambda db: rows.contents(db, job_id))
        if contents is None:
            raise KeyError(job_id)
        return await asyncio.to_thread(unpack, contents.plans)

    async def picture(self, job_id: str, image: int) -> Painted | None:
        """One finished picture, or None if it is not there."""
        return await asyncio.to_thread(JobFolder(self._folder / job_id).picture, image)

    async def pictures(self, job_id: str) -> dict[int, Painted]:
        """The finished pictures by image, those there are by now."""
        return await asyncio.to_thread(JobFolder(self._folder / job_id).pictures)

    def glance(self, job_id: str) -> Preview | None:
        """The newest preview of a running job; some more are made, for who looks again soon."""
        record = self._running.get(job_id)
        if record is None:
            return None
        if not self._wants_previews(record) and record.is_given:
            self._send(Watch(job_id, PREVIEW_SECONDS))
        record.glanced = self._clock()
        return record.preview

    def cancel(self, job_id: str) -> None:
        """End a job: at once if it waits, at the edge of its next step if it runs."""
        record = self._live.get(job_id)
        if record is None:
            self._task(self._cancel_parked(job_id))
        elif record.state == "parked":
            self._end(record, "cancelled", Cancelled(_GIVEN_UP))
        elif record.state == "queued":
            self._queue.remove(record)
            self._end(record, "cancelled", Cancelled("the job was cancelled before it began"))
        elif record.state == "running":
            record.cancel_asked = True
            if record.is_given:
                self._send(Cancel(job_id))

    def interrupt(self, job_id: str, images: frozenset[int] | None = None) -> None:
        """Have images of a running job end as they are; other jobs are left alone.

        Args:
            job_id: of the job.
            images: which ones; None for all.
        """
        record = self._running.get(job_id)
        if record is None:
            return
        images = record.unfinished if images is None else images & record.unfinished
        record.interrupted |= images
        if record.is_given and images:
            self._send(Interrupt(job_id, images))

    async def promote(self, job_id: str) -> None:
        """Have a draft painted to its end.

        Raises:
            KeyError: the job is not known.
            InvalidRequest: it is no draft that waits.
            QueueFull, WorkerUnavailable: as `admit`.
        """
        record = self._live.get(job_id) or await self._store.read(lambda db: rows.found(db, job_id))
        if record is None:
            raise KeyError(job_id)
        if record.state != "parked":
            raise InvalidRequest("id", f"the job is {record.state}, not a draft that waits")
        if self._closed is not None:
            raise WorkerUnavailable(self._closed)
        self._check_length()
        self._check_bytes(record.plan_bytes)
        await asyncio.to_thread(self._of(record).forget_partial)
        record.state, record.draft_steps, record.ended = "queued", None, None
        record.attempts, record.finished, record.timings = 0, frozenset(), None
        record.interrupted = frozenset()
        record.forget_progress()
        row = rows.row_of(record)
        if not await self._store.write(lambda db: rows.promote(db, row)):
            raise InvalidRequest("id", "the draft was promoted or given up already")
        self._welcome(record)

    async def delete(self, job_id: str) -> None:
        """Forget a job and its pictures; one that still runs is cancelled first.

        Raises:
            KeyError: the job is not known.
        """
        record = self._live.get(job_id)
        if record is None:
            await self._known(job_id)
        else:
            self.cancel(job_id)
            with self._watching(record) as watcher:
                while record.state not in RESTING:
                    await watcher.wait()
        await self._store.write(lambda db: rows.forget(db, [job_id]))
        await asyncio.to_thread(JobFolder(self._folder / job_id).remove)

    def on_end(self, call: Callable[[JobView], None]) -> None:
        """Have somebody told of every job that is done, failed or cancelled, once it is on disk."""
        self._on_end.append(call)

    def _check_length(self) -> None:
        waiting = len(self._queue) + self._arriving
        if waiting >= self._limits.queue_length:
            raise self._full(f"{waiting} jobs are waiting already")

    def _check_bytes(self, more_bytes: int) -> None:
        if self._queue.bytes + more_bytes > self._limits.queue_bytes:
            most = self._limits.queue_bytes // 2**20
            raise self._full(f"the waiting jobs would take more than {most} MiB with this one")

    def _full(self, what: str) -> QueueFull:
        seconds = self._pace.until_place(len(self._running)) or _GUESSED_SECONDS
        return QueueFull(f"{what}, which is all this server allows", seconds)

    async def _first_like(self, admission: Admission) -> str | None:
        key = admission.idempotency_key
        if key is None:
            return None
        found = await self._store.read(lambda db: rows.under_key(db, admission.owner, key))
        return None if found is None else _same(found, admission)

    def _record_for(self, admission: Admission) -> Record:
        sequence, self._next_sequence = self._next_sequence, self._next_sequence + 1
        return Record(
            id=uuid4().hex,
            sequence=sequence,
            owner=admission.owner,
            dialect=admission.dialect,
            priority=admission.priority,
            images=len(admission.plans),
            created=self._wall(),
            plan_bytes=0,
            draft_steps=admission.draft_steps,
            webhook=admission.webhook,
        )

    async def _admitted(self, record: Record, admission: Admission) -> str:
        """Write it down, and only then know of it; nobody's leaving keeps these two apart."""
        plans = await asyncio.to_thread(pack, admission.plans)
        record.plan_bytes = len(plans)
        self._check_bytes(record.plan_bytes)
        contents = Contents(plans, admission.request)
        row = rows.row_of(record)
        first = await self._store.write(lambda db: _inserted(db, row, contents, admission))
        if first is not None:
            return _same(first, admission)
        self._welcome(record)
        return record.id

    def _welcome(self, record: Record) -> None:
        self._live[record.id] = record
        self._queue.add(record)
        self._on_admitted()

    async def _known(self, job_id: str) -> JobView:
        if (view := await self.view(job_id)) is None:
            raise KeyError(job_id)
        return view

    async def _cancel_parked(self, job_id: str) -> None:
        record = await self._store.read(lambda db: rows.found(db, job_id))
        if record is not None and record.state == "parked" and job_id not in self._live:
            self._live[job_id] = record
            self._end(record, "cancelled", Cancelled(_GIVEN_UP))

    @contextmanager
    def _watching(self, record: Record, *, wants_previews: bool = False) -> Generator[Watcher]:
        watcher = Watcher(wants_previews)
        if wants_previews and record.is_given and not self._wants_previews(record):
            self._send(Watch(record.id, PREVIEW_SECONDS))
        record.watchers = [*(record.watchers or ()), watcher]
        self._watched.add(record)
        try:
            yield watcher
        finally:
            record.watchers = [other for other in record.watchers if other is not watcher] or None
            if record.watchers is None:
                self._watched.discard(record)


def _same(first: tuple[str, str], admission: Admission) -> str:
    job_id, fingerprint = first
    if fingerprint != admission.fingerprint:
        raise InvalidRequest(
            "Idempotency-Key", "it was used for another request; a key stands for one alone"
        )
    return job_id


def _inserted(
    db: Connection, row: dict[str, object], contents: Contents, admission: Admission
) -> tuple[str, str] | None:
    key = admission.idempotency_key
    if key is not None and (first := rows.under_key(db, admission.owner, key)) is not None:
        return first
    rows.insert(db, row, contents, key, admission.fingerprint)
    return None


def _nothing_more(_: Connection) -> None:
    """Nothing is written; but what was to be written before is."""
