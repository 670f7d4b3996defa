"""What the worker's supervisor does with jobs: takes them, and tells what becomes of them."""

from collections.abc import Callable
from sqlite3 import Connection

from tintype.core.enlarging import AnyPlan
from tintype.core.jobs import (
    Cancel,
    Command,
    Event,
    ImageKept,
    Interrupt,
    Job,
    JobCancelled,
    JobDone,
    JobFailed,
    JobParked,
    Preview,
    Progress,
    Timings,
    Watch,
)
from tintype.errors import Cancelled, EngineError, ModelError, RequestError, TintypeError
from tintype.jobs import rows
from tintype.jobs.folder import JobFolder
from tintype.jobs.ledger import Ledger, tell
from tintype.jobs.packing import unpack
from tintype.jobs.record import Record

PREVIEW_SECONDS = 1.0
_GLANCE_SECONDS = 10.0  # previews go on so long after somebody looked

_FAILURES: dict[str, type[TintypeError]] = {
    "model": ModelError,
    "request": RequestError,
    "engine": EngineError,
}


class Supervised(Ledger):
    """The ledger in the hands of a supervisor."""

    def attach(self, on_admitted: Callable[[], None], send: Callable[[Command], None]) -> None:
        """Say whom to tell of a job in the queue, and how to reach the worker."""
        self._on_admitted, self._send = on_admitted, send

    def has_work(self, in_flight: int) -> bool:
        """Whether there is a job to run now; see `claim`."""
        return self._next(in_flight) is not None

    async def claim(self, in_flight: int) -> Job | None:
        """The next job to run, now running; None if there is none, or it came to something else.

        A job whose worker died runs alone the next time: if it was the cause, the others are safe.

        Args:
            in_flight: unfinished images a worker may have before it is given no other job. For a
                job of a better priority than all that run, as many again.
        """
        record = self._next(in_flight)
        if record is None:
            return None
        self._begin(record)
        return await self._job_of(record)

    def given(self, job_id: str) -> None:
        """The worker has a claimed job now, and is told what was wished of it meanwhile."""
        record = self._running.get(job_id)
        if record is None:
            return
        record.is_given = True
        if record.cancel_asked:
            self._send(Cancel(job_id))
        elif record.interrupted:
            self._send(Interrupt(job_id, record.interrupted))
        if self._wants_previews(record):
            self._send(Watch(job_id, PREVIEW_SECONDS))

    def take(self, event: Event) -> None:
        """Note what a worker says; events of jobs that do not run are late and mean nothing."""
        record = self._running.get(getattr(event, "job_id", ""))
        if record is None:
            return
        match event:
            case Progress():
                self._note_progress(record, event)
            case Preview():
                self._note_preview(record, event)
            case ImageKept():
                record.finished |= {event.image}
            case JobDone():
                self._pace.note(record.running_seconds(self._clock()))
                self._end(record, "done", None, event.timings)
            case JobParked():
                self._park(record, event.timings)
            case JobCancelled():
                self._end(record, "cancelled", Cancelled("the job was cancelled"))
            case JobFailed():
                self._end(record, "failed", _FAILURES[event.kind](event.message))
            case _:
                return
        tell(record)

    def worker_died(self, reason: str) -> None:
        """Put the running jobs back where they were in the queue.

        Those somebody wanted to end are ended; those that were tried often enough fail.
        """
        for record in list(self._running.values()):
            if record.cancel_asked:
                self._end(record, "cancelled", Cancelled("the job was cancelled"))
            elif record.interrupted and record.interrupted >= record.unfinished:
                self._end(record, "done", None)
            elif self._stopping:
                self._requeue(record, counts=False)
            elif record.deaths + 1 >= self._config.attempts:
                message = f"{reason}, {record.deaths + 1} times with this job; it is given up"
                self._end(record, "failed", EngineError(message))
            else:
                record.deaths += 1
                self._requeue(record)

    def close(self, reason: str, *, for_good: bool = False) -> None:
        """Take no jobs until `open`; who waits for a queued one is told the reason.

        The queued jobs stay queued, and go on after the next start at the latest.
        """
        self._closed = reason
        self._stopping |= for_good
        for record in self._watched:
            tell(record)

    def open(self) -> None:
        """Take jobs again."""
        self._closed = None

    def _next(self, in_flight: int) -> Record | None:
        record = self._queue.first(self._shares())
        if record is None or not self._has_room_for(record, in_flight):
            return None
        suspects = record.attempts > 0 or any(r.attempts > 1 for r in self._running.values())
        return None if suspects and self._running else record

    def _has_room_for(self, record: Record, in_flight: int) -> bool:
        is_better = all(record.rank < running.rank for running in self._running.values())
        return self.images_running < (2 * in_flight if is_better else in_flight)

    def _begin(self, record: Record) -> None:
        self._queue.remove(record)
        now = self._clock()
        record.state, record.is_given = "running", False
        record.started, record.began = self._wall(), now
        record.attempts += 1
        self._running[record.id] = record
        self._share.forget_idle(now)
        self._share.give(record.owner, len(record.unfinished), now)
        self._write(record)
        self._queue_moved()
        tell(record)

    async def _job_of(self, record: Record) -> Job | None:
        """The heavy part of a job that begins; None if it came to something else meanwhile."""
        attempt = record.attempts
        try:
            plans, request, finished = await self._store.read(
                lambda db: self._loaded(db, record.id)
            )
        except TintypeError as error:
            if self._is_in(attempt, record):
                self._end(record, "failed", error)
            return None
        if not self._is_in(attempt, record):
            return None
        record.request, record.finished = request, finished
        return Job(record.id, plans, record.priority, record.draft_steps, finished)

    def _loaded(
        self, db: Connection, job_id: str
    ) -> tuple[tuple[AnyPlan, ...], bytes, frozenset[int]]:
        contents = rows.contents(db, job_id)
        if contents is None:
            raise EngineError("the job is not written down any more")
        return unpack(contents.plans), contents.request, JobFolder(self._folder / job_id).kept()

    def _is_in(self, attempt: int, record: Record) -> bool:
        return self._running.get(record.id) is record and record.attempts == attempt

    def _note_progress(self, record: Record, event: Progress) -> None:
        if record.steps is None:
            record.steps = {}
        record.steps[event.image] = (event.step, event.steps)
        if record.first_step is None:
            record.first_step = (self._clock(), record.fraction())

    def _note_preview(self, record: Record, preview: Preview) -> None:
        record.preview = preview
        for watcher in record.watchers or ():
            watcher.show(preview)
        if not self._wants_previews(record):
            self._send(Watch(record.id, 0))

    def _wants_previews(self, record: Record) -> bool:
        if record.glanced is not None and self._clock() - record.glanced < _GLANCE_SECONDS:
            return True
        return any(watcher.wants_previews for watcher in record.watchers or ())

    def _park(self, record: Record, timings: Timings) -> None:
        """A draft is done, or the worker ends and the job goes on with the next."""
        is_draft = record.draft_steps is not None
        if is_draft and not (self._stopping and record.unfinished):
            self._end(record, "parked", None, timings)
        else:
            self._requeue(record, counts=False)
