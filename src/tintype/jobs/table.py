"""Every job this process knows, and the only hands that change one.

All methods belong to the thread of the event loop; nothing here blocks.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Literal
from uuid import uuid4

from tintype.core.jobs import (
    Event,
    ImageDone,
    Job,
    JobCancelled,
    JobDone,
    JobFailed,
    Pixels,
    Progress,
    Timings,
    WorkerReady,
)
from tintype.core.requests import Plan
from tintype.errors import (
    Cancelled,
    EngineError,
    ModelError,
    QueueFull,
    RequestError,
    TintypeError,
    WorkerUnavailable,
)

State = Literal["queued", "running", "done", "failed", "cancelled"]

_GUESSED_SECONDS = 5.0  # to the next free place, before any job was measured

_FAILURES: dict[str, type[TintypeError]] = {
    "model": ModelError,
    "request": RequestError,
    "engine": EngineError,
}


@dataclass(frozen=True, slots=True)
class Painted:
    """A finished picture, and what else came with it (see `ImageDone`)."""

    pixels: Pixels
    beside: tuple[Pixels, ...] = ()


@dataclass(frozen=True, slots=True)
class JobView:
    """What is known of a job at one moment.

    Attributes:
        place: how many jobs go before it; None unless queued.
        attempts: how often it was given to a worker.
        steps: for each image, how many have been made of how many; (0, 0) before the first.
        images_done: how many images are finished.
        running_seconds: since a worker took it, or what it took in all; 0 while queued.
        remaining_seconds: measured from its own steps, or None before the second one.
        timings: where its time went, once done.
        error: why it failed or was refused.
    """

    id: str
    plans: tuple[Plan, ...]
    state: State
    place: int | None
    attempts: int
    steps: tuple[tuple[int, int], ...]
    images_done: int
    running_seconds: float
    remaining_seconds: float | None
    timings: Timings | None
    error: TintypeError | None

    @property
    def fraction(self) -> float:
        """How far it is, 0 to 1, over all its images."""
        return _fraction(self.steps)


@dataclass(slots=True, eq=False)
class _Record:
    job: Job
    state: State = "queued"
    attempts: int = 0
    cancel_asked: bool = False
    is_abandoned: bool = False
    steps: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    images: dict[int, Painted] = field(default_factory=dict[int, Painted])
    images_done: int = 0
    started: float = 0.0
    ended: float = 0.0
    first_step: tuple[float, float] | None = None  # when, and the fraction done then
    timings: Timings | None = None
    error: TintypeError | None = None
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    def forget_progress(self) -> None:
        self.steps = [(0, 0)] * len(self.job.plans)
        self.images.clear()
        self.images_done = 0
        self.first_step = None

    def fraction(self) -> float:
        return _fraction(self.steps)


class JobTable:
    """Queue, running jobs, and a bounded memory of finished ones."""

    def __init__(self, queue_length: int, keep_finished: int = 256, attempts: int = 3) -> None:
        """An empty table.

        Args:
            queue_length: jobs that may wait, at least 1; running ones are not counted.
            keep_finished: finished jobs remembered, and so results held that nobody fetches.
            attempts: how often a job is given to a worker before it is given up.
        """
        self._queue_length, self._keep, self._attempts = queue_length, keep_finished, attempts
        self._records: dict[str, _Record] = {}
        self._waiting: deque[_Record] = deque()
        self._running: OrderedDict[str, _Record] = OrderedDict()
        self._finished: deque[str] = deque()
        self._recent_seconds: deque[float] = deque(maxlen=16)
        self._closed: str | None = None
        self._on_admitted: Callable[[], None] = _nothing
        self._on_cancel: Callable[[str], None] = _nothing_with

    # For those who ask

    def admit(self, plans: tuple[Plan, ...]) -> str:
        """Put the plans of one request in the queue.

        Returns:
            The new job's id.

        Raises:
            QueueFull: no place in the queue; says when to come back.
            WorkerUnavailable: the table is closed; says why.
        """
        if self._closed is not None:
            raise WorkerUnavailable(self._closed)
        if len(self._waiting) >= self._queue_length:
            raise QueueFull(
                f"{len(self._waiting)} jobs are waiting already, which is all this server allows",
                self._seconds_to_next_place(),
            )
        record = _Record(Job(uuid4().hex, plans))
        record.forget_progress()
        self._records[record.job.id] = record
        self._waiting.append(record)
        self._on_admitted()
        return record.job.id

    def view(self, job_id: str) -> JobView | None:
        """The job as it stands, or None if it is not (or no longer) known."""
        record = self._records.get(job_id)
        return None if record is None else self._view(record)

    def running(self) -> list[JobView]:
        """The running jobs, oldest first."""
        return [self._view(record) for record in self._running.values()]

    @property
    def running_count(self) -> int:
        """How many jobs are with a worker."""
        return len(self._running)

    @property
    def images_running(self) -> int:
        """How many images are with a worker and not finished."""
        return sum(len(r.job.plans) - r.images_done for r in self._running.values())

    @property
    def waiting_count(self) -> int:
        """How many jobs are queued."""
        return len(self._waiting)

    async def pictures(self, job_id: str) -> dict[int, Painted]:
        """Wait for the end of a job; hand over its pictures by image index, and let go of them.

        A cancelled job has those that were finished in time.

        Raises:
            KeyError: the job is not known.
            TintypeError: why there are none: the job failed.
        """
        record = self._records[job_id]
        await record.finished.wait()
        if record.state == "failed" and record.error is not None:
            raise record.error
        images, record.images = record.images, {}
        return images

    def cancel(self, job_id: str) -> None:
        """End a job: at once if it waits, at the edge of its next step if it runs."""
        record = self._records.get(job_id)
        if record is None or record.finished.is_set():
            return
        record.cancel_asked = True
        if record.state == "queued":
            self._waiting.remove(record)
            self._end(record, "cancelled", Cancelled("the job was cancelled before it began"))
        else:
            self._on_cancel(job_id)

    def abandon(self, job_id: str) -> None:
        """End a job nobody waits for any more, and let go of its pictures."""
        record = self._records.get(job_id)
        if record is not None:
            record.is_abandoned = True
            record.images.clear()
            self.cancel(job_id)

    # For the worker's supervisor

    def attach(self, on_admitted: Callable[[], None], on_cancel: Callable[[str], None]) -> None:
        """Say whom to tell of a job in the queue and of a running job to be cancelled."""
        self._on_admitted, self._on_cancel = on_admitted, on_cancel

    def claim(self) -> Job | None:
        """The next job to run, now running; None if there is none to give just now.

        A job whose worker died runs alone the next time: if it was the cause, the others are safe.
        """
        if not self._waiting:
            return None
        record = self._waiting[0]
        suspects = record.attempts > 0 or any(r.attempts > 1 for r in self._running.values())
        if suspects and self._running:
            return None
        self._waiting.popleft()
        record.state, record.started = "running", monotonic()
        record.attempts += 1
        self._running[record.job.id] = record
        return record.job

    def take(self, event: Event) -> None:
        """Note what a worker says; events of jobs that do not run are late and mean nothing."""
        if isinstance(event, WorkerReady):
            return
        record = self._running.get(event.job_id)
        if record is None:
            return
        match event:
            case Progress():
                _note_progress(record, event)
            case ImageDone():
                record.images_done += 1
                if not record.is_abandoned:
                    record.images[event.image] = Painted(event.pixels, event.beside)
            case JobDone():
                record.timings = event.timings
                self._recent_seconds.append(monotonic() - record.started)
                self._end(record, "done", None)
            case JobCancelled():
                self._end(record, "cancelled", Cancelled("the job was cancelled"))
            case JobFailed():
                self._end(record, "failed", _FAILURES[event.kind](event.message))

    def worker_died(self, reason: str) -> None:
        """Put the running jobs back where they were in the queue, first come first.

        Those somebody wanted to end are ended; those that were tried often enough fail.
        """
        for record in reversed(list(self._running.values())):
            if record.cancel_asked:
                self._end(record, "cancelled", Cancelled("the job was cancelled"))
            elif record.attempts >= self._attempts:
                message = f"{reason}, {record.attempts} times with this job; it is given up"
                self._end(record, "failed", EngineError(message))
            else:
                record.state = "queued"
                record.forget_progress()
                self._waiting.appendleft(record)
        self._running.clear()

    def close(self, reason: str) -> None:
        """Take no jobs until `open`, and end the waiting ones with that reason."""
        self._closed = reason
        while self._waiting:
            self._end(self._waiting.popleft(), "failed", WorkerUnavailable(reason))

    def open(self) -> None:
        """Take jobs again."""
        self._closed = None

    def _end(self, record: _Record, state: State, error: TintypeError | None) -> None:
        record.state, record.error, record.ended = state, error, monotonic()
        self._running.pop(record.job.id, None)
        self._finished.append(record.job.id)
        while len(self._finished) > self._keep:
            del self._records[self._finished.popleft()]
        record.finished.set()

    def _seconds_to_next_place(self) -> float:
        if not self._recent_seconds:
            return _GUESSED_SECONDS
        mean = sum(self._recent_seconds) / len(self._recent_seconds)
        return mean / max(len(self._running), 1)

    def _view(self, record: _Record) -> JobView:
        return JobView(
            id=record.job.id,
            plans=record.job.plans,
            state=record.state,
            place=self._waiting.index(record) if record.state == "queued" else None,
            attempts=record.attempts,
            steps=tuple(record.steps),
            images_done=record.images_done,
            running_seconds=_running_seconds(record),
            remaining_seconds=_remaining_seconds(record),
            timings=record.timings,
            error=record.error,
        )


def _note_progress(record: _Record, event: Progress) -> None:
    record.steps[event.image] = (event.step, event.steps)
    if record.first_step is None:
        record.first_step = (monotonic(), record.fraction())


def _fraction(steps: Sequence[tuple[int, int]]) -> float:
    return sum(done / total for done, total in steps if total) / len(steps)


def _running_seconds(record: _Record) -> float:
    if record.attempts == 0 or record.state == "queued":
        return 0.0
    return (record.ended or monotonic()) - record.started


def _remaining_seconds(record: _Record) -> float | None:
    if record.first_step is None:
        return None
    since, done_then = record.first_step
    done = record.fraction()
    if done <= done_then:
        return None
    return (monotonic() - since) / (done - done_then) * (1.0 - done)


def _nothing() -> None:
    """Nobody is attached yet."""


def _nothing_with(_: str) -> None:
    """Nobody is attached yet."""
