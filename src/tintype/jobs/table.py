"""Every job there is, for those who ask.

All methods belong to the thread of the event loop. An admission is on disk before it is answered.
One object with four sides, each in a file of its own: `Ledger` holds the jobs, `Supervised` is the
worker's side, `Admitting` the door, and `JobTable` what clients see.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from sqlite3 import Connection

from tintype.core.enlarging import AnyPlan
from tintype.core.jobs import Cancel, Interrupt, Painted, Preview, Watch
from tintype.core.requests import Plan
from tintype.errors import Cancelled, WorkerUnavailable
from tintype.jobs import rows
from tintype.jobs.admitting import Admitting
from tintype.jobs.folder import JobFolder
from tintype.jobs.packing import unpack
from tintype.jobs.record import RESTING, JobView, Record, State
from tintype.jobs.supervised import PREVIEW_SECONDS
from tintype.jobs.watching import Watcher

_GIVEN_UP = "the draft was given up"


class JobTable(Admitting):
    """Admits jobs, tells how they are, hands over their pictures, and ends them."""

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
        """What exactly is painted; nothing for jobs that only enlarge. Raises as `planned`."""
        return tuple(plan for plan in await self.planned(job_id) if isinstance(plan, Plan))

    async def planned(self, job_id: str) -> tuple[AnyPlan, ...]:
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
            record.error = Cancelled("the job was cancelled")
            self._write(record)  # should we die before the worker obeys
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


def _nothing_more(_: Connection) -> None:
    """Nothing is written; but what was to be written before is."""
