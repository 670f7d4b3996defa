"""Jobs in, events out: the bookkeeping between a job of several images and the engine."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from torch import Tensor

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
)
from tintype.core.orders import Decode, Denoise, Encode, EncodePixels
from tintype.engine import Advanced, Engine, Failed, Finished, Outcome
from tintype.errors import ModelError, RequestError, TintypeError
from tintype.recipes import expected_calls, painted


@dataclass(slots=True)
class _Running:
    """A job under way. `steps` counts answered questions by image."""

    job: Job
    started: float
    waiting: set[int]
    steps: dict[int, int] = field(default_factory=dict[int, int])
    timings: Timings = field(default_factory=Timings)


Task = tuple[str, int]  # job id and image number


class JobRunner:
    """Drives the engine for whole jobs and tells `send` what happens."""

    def __init__(self, engine: Engine, send: Callable[[Event], None]) -> None:
        self._engine = engine
        self._send = send
        self._running: dict[str, _Running] = {}

    @property
    def is_idle(self) -> bool:
        """No job is under way."""
        return not self._running

    def submit(self, job: Job) -> None:
        """Begin every image of a job."""
        waiting = set(range(len(job.plans)))
        self._running[job.id] = _Running(job, time.perf_counter(), waiting)
        try:
            for image, plan in enumerate(job.plans):
                self._engine.submit((job.id, image), painted(plan))
        except TintypeError as error:
            self._fail(job.id, error)

    def cancel(self, job_id: str) -> None:
        """End a job; nothing happens if it is not running."""
        if job_id in self._running:
            self._forget(job_id)
            self._send(JobCancelled(job_id))

    def tick(self) -> None:
        """One pass of the engine, and the events that follow from it."""
        for outcome in self._engine.tick():
            job_id, image = cast(Task, outcome.task)
            if job_id in self._running:
                self._record(job_id, image, outcome)

    def _record(self, job_id: str, image: int, outcome: Outcome) -> None:
        match outcome:
            case Advanced():
                self._advance(self._running[job_id], image, outcome)
            case Finished():
                self._finish(self._running[job_id], image, outcome.pictures)
            case Failed():
                self._fail(job_id, outcome.error)

    def _advance(self, running: _Running, image: int, outcome: Advanced) -> None:
        running.timings = _with(running.timings, outcome)
        if isinstance(outcome.order, Denoise):
            running.steps[image] = running.steps.get(image, 0) + 1
            done, expected = running.steps[image], expected_calls(running.job.plans[image])
            self._send(Progress(running.job.id, image, done, max(done, expected)))

    def _finish(self, running: _Running, image: int, pictures: tuple[Tensor, ...]) -> None:
        job_id = running.job.id
        first, *beside = (_pixels(picture) for picture in pictures)
        self._send(ImageDone(job_id, image, first, tuple(beside)))
        running.waiting.discard(image)
        if not running.waiting:
            del self._running[job_id]
            total = time.perf_counter() - running.started
            self._send(JobDone(job_id, replace(running.timings, total=total)))

    def _fail(self, job_id: str, error: TintypeError) -> None:
        self._forget(job_id)
        self._send(JobFailed(job_id, _kind_of(error), str(error)))

    def _forget(self, job_id: str) -> None:
        running = self._running.pop(job_id)
        for image in running.waiting:
            self._engine.cancel((job_id, image))


def _pixels(picture: Tensor) -> Pixels:
    height, width, channels = picture.shape
    return Pixels(width, height, picture.contiguous().numpy().tobytes(), channels)


def _with(timings: Timings, outcome: Advanced) -> Timings:
    seconds = outcome.seconds
    match outcome.order:
        case Encode() | EncodePixels():
            return replace(timings, encode=timings.encode + seconds)
        case Decode():
            return replace(timings, decode=timings.decode + seconds)
        case Denoise():
            passes = timings.passes + 1
            return replace(
                timings,
                denoise=timings.denoise + seconds,
                passes=passes,
                rows_per_pass=timings.rows_per_pass
                + (outcome.rows - timings.rows_per_pass) / passes,
            )


def _kind_of(error: TintypeError) -> Literal["model", "request", "engine"]:
    if isinstance(error, ModelError):
        return "model"
    return "request" if isinstance(error, RequestError) else "engine"
