"""Jobs in, events out: the bookkeeping between a job of several images and the engine."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, cast

from torch import Tensor

from tintype.core.enlarging import AnyPlan, Enlargement
from tintype.core.jobs import (
    Event,
    ImageDone,
    Job,
    JobCancelled,
    JobDone,
    JobFailed,
    JobParked,
    Pixels,
    Preview,
    Progress,
    Timings,
)
from tintype.core.models import ModelRecord
from tintype.core.orders import Decode, Denoise, Encode, EncodePixels, Upscale
from tintype.core.settings import JobsConfig
from tintype.engine import Advanced, Engine, Failed, Finished, Outcome, is_loggable
from tintype.errors import Cancelled, EngineError, ModelError, RequestError, TintypeError
from tintype.jobs import JobFolder
from tintype.recipes import expected_steps, glanced, is_step, recipe_of
from tintype.worker.journal import Journal


class NotKept(EngineError):  # noqa: N818 - reads as the sentence it is
    """A finished picture could not be written; its job fails."""


@dataclass(frozen=True, slots=True)
class _Task:
    """What the engine works on for us: an image, or a preview of one after so many steps."""

    job_id: str
    image: int
    previews: int | None = None


@dataclass(slots=True)
class _Running:
    """A job under way.

    Attributes:
        waiting: images that are not finished.
        steps: answered questions by image.
        journals: by image, where they are logged.
        preview_every: seconds between previews; 0 for none.
        previewing: the preview being made.
    """

    job: Job
    started: float
    waiting: set[int]
    steps: dict[int, int] = field(default_factory=dict[int, int])
    journals: dict[int, Journal] = field(default_factory=dict[int, Journal])
    timings: Timings = field(default_factory=Timings)
    preview_every: float = 0.0
    previewed: float = 0.0
    previewing: _Task | None = None


class JobRunner:
    """Drives the engine for whole jobs and tells `send` what happens."""

    def __init__(
        self,
        engine: Engine,
        send: Callable[[Event], None],
        jobs: Path | None = None,
        log_bytes: int = JobsConfig().log_bytes,
        expect: Callable[[ModelRecord], None] = lambda _: None,
    ) -> None:
        """A runner without jobs.

        Args:
            engine: does the work.
            send: is told what happens; once it returns from `ImageDone` the picture is kept, and
                `NotKept` raised from there fails the job.
            jobs: holds a folder for each job, where answers are logged; None to log nothing.
            log_bytes: of the log of one image at most.
            expect: is told of checkpoints that will be asked for, while others compute.
        """
        self._expect, self._expected = expect, list[ModelRecord]()
        self._engine, self._send = engine, send
        self._jobs, self._log_bytes = jobs, log_bytes
        self._running: dict[str, _Running] = {}
        self._counted: set[str] = set()  # jobs whose time in this pass is accounted for

    @property
    def is_idle(self) -> bool:
        """No job is under way."""
        return not self._running

    def submit(self, job: Job) -> None:
        """Begin every image of a job that is not finished, each from its log."""
        waiting = set(range(len(job.plans))) - job.finished
        running = _Running(job, time.perf_counter(), waiting)
        self._running[job.id] = running
        self._expected += dict.fromkeys(c for plan in job.plans for c in _checkpoints_of(plan))
        try:
            for image in sorted(waiting):
                self._begin(running, image)
        except TintypeError as error:
            self._fail(job.id, error)
        else:
            self._end_if_done(running)

    def cancel(self, job_id: str) -> None:
        """End a job; nothing happens if it is not running."""
        if job_id in self._running:
            self._forget(job_id)
            self._send(JobCancelled(job_id))

    def interrupt(self, job_id: str, images: frozenset[int] | None = None) -> None:
        """Finish images as they are; those the U-Net has not seen are left out."""
        running = self._running.get(job_id)
        if running is None:
            return
        for image in sorted(running.waiting if images is None else images & running.waiting):
            self._interrupt_one(running, image)
        self._end_if_done(running)

    def watch(self, job_id: str, every_seconds: float) -> None:
        """Send previews of a job from now on, at most one in so many seconds; 0 for no more."""
        if (running := self._running.get(job_id)) is not None:
            running.preview_every = every_seconds

    def park(self) -> None:
        """Stop every job where it is, its log whole."""
        for job_id, running in list(self._running.items()):
            self._forget(job_id)
            self._send(JobParked(job_id, _total(running)))

    def tick(self) -> None:
        """One pass of the engine, and the events that follow from it."""
        self._counted.clear()
        outcomes = self._engine.tick()
        while self._expected:  # what the first pass needs is there now
            self._expect(self._expected.pop(0))
        for outcome in outcomes:
            task = cast(_Task, outcome.task)
            if (running := self._running.get(task.job_id)) is None:
                continue
            if task.previews is not None:
                self._record_preview(running, task, outcome)
            elif task.image in running.waiting:
                self._record(running, task.image, outcome)

    def _begin(self, running: _Running, image: int) -> None:
        job, plan = running.job, running.job.plans[image]
        logged: Iterable[Tensor] = ()
        if self._jobs is not None:
            journal = Journal(JobFolder(self._jobs / job.id), image, plan, self._log_bytes)
            running.journals[image] = journal
            logged = journal.answers()
        task = _Task(job.id, image)
        recipe = recipe_of(plan)
        self._engine.submit(task, recipe, priority=job.priority, rank=image, logged=logged)

    def _record(self, running: _Running, image: int, outcome: Outcome) -> None:
        match outcome:
            case Advanced():
                self._advance(running, image, outcome)
            case Finished():
                self._finish(running, image, outcome)
            case Failed(error=Cancelled()):  # interrupted before there was anything to show
                self._leave_out(running, image)
                self._end_if_done(running)
            case Failed():
                self._fail(running.job.id, outcome.error)

    def _advance(self, running: _Running, image: int, outcome: Advanced) -> None:
        if outcome.is_replayed or running.job.id not in self._counted:
            running.timings = _with(running.timings, outcome)
        if not outcome.is_replayed:
            self._counted.add(running.job.id)
        journal = running.journals.get(image)
        if journal is not None and is_loggable(outcome.order) and not outcome.is_replayed:
            journal.append(outcome.answer)
        plan = running.job.plans[image]
        if not is_step(outcome.order, plan):
            return
        done = running.steps[image] = running.steps.get(image, 0) + 1
        expected = expected_steps(plan)
        self._send(Progress(running.job.id, image, done, max(done, expected)))
        if done == running.job.draft_steps:
            self._engine.interrupt(_Task(running.job.id, image))
        if isinstance(outcome.order, Denoise) and not outcome.is_replayed:
            self._preview(running, image, outcome)

    def _finish(self, running: _Running, image: int, outcome: Finished) -> None:
        first, *beside = (_pixels(picture) for picture in outcome.pictures)
        job_id = running.job.id
        try:
            self._send(ImageDone(job_id, image, first, tuple(beside), outcome.is_partial))
        except NotKept as error:
            self._fail(job_id, error)
            return
        is_draft = outcome.is_partial and running.job.draft_steps is not None
        self._leave_out(running, image, drops_log=not is_draft)
        self._end_if_done(running)

    def _interrupt_one(self, running: _Running, image: int) -> None:
        if not self._engine.interrupt(_Task(running.job.id, image)):
            self._leave_out(running, image)

    def _leave_out(self, running: _Running, image: int, *, drops_log: bool = True) -> None:
        running.waiting.discard(image)
        if (journal := running.journals.pop(image, None)) is not None:
            journal.close()
        if drops_log and self._jobs is not None:
            JobFolder(self._jobs / running.job.id).drop_log(image)

    def _end_if_done(self, running: _Running) -> None:
        job = running.job
        if running.waiting or self._running.get(job.id) is not running:
            return
        self._forget(job.id)
        end = JobDone if job.draft_steps is None else JobParked
        self._send(end(job.id, _total(running)))

    def _preview(self, running: _Running, image: int, outcome: Advanced) -> None:
        """Begin a preview of a denoised latent, if one is due."""
        now, network = time.perf_counter(), cast(Denoise, outcome.order).network
        is_due = now - running.previewed >= running.preview_every > 0
        if not is_due or running.previewing is not None or network is None:
            return
        latent = cast(Tensor, outcome.answer)
        running.previewed = now
        running.previewing = _Task(running.job.id, image, running.steps[image])
        recipe = glanced(latent if latent.dim() == 3 else latent[0], network)
        self._engine.submit(running.previewing, recipe, priority=running.job.priority, rank=image)

    def _record_preview(self, running: _Running, task: _Task, outcome: Outcome) -> None:
        if isinstance(outcome, Advanced):
            return
        running.previewing = None
        if isinstance(outcome, Finished) and task.image in running.waiting:
            pixels = _pixels(outcome.pictures[0])
            self._send(Preview(task.job_id, task.image, task.previews or 0, pixels))

    def _fail(self, job_id: str, error: TintypeError) -> None:
        self._forget(job_id)
        self._send(JobFailed(job_id, _kind_of(error), str(error)))

    def _forget(self, job_id: str) -> None:
        running = self._running.pop(job_id)
        for image in running.waiting:
            self._engine.cancel(_Task(job_id, image))
        if running.previewing is not None:
            self._engine.cancel(running.previewing)
        for journal in running.journals.values():
            journal.close()


def _checkpoints_of(plan: AnyPlan) -> Iterator[ModelRecord]:
    if isinstance(plan, Enlargement):
        return
    yield plan.network.checkpoint
    for later in (plan.hires, plan.refiner):
        if later is not None:
            yield later.network.checkpoint


def _pixels(picture: Tensor) -> Pixels:
    height, width, channels = picture.shape
    return Pixels(width, height, picture.contiguous().numpy().tobytes(), channels)


def _total(running: _Running) -> Timings:
    return replace(running.timings, total=time.perf_counter() - running.started)


def _with(timings: Timings, outcome: Advanced) -> Timings:
    seconds = outcome.seconds
    timings = replace(timings, load=timings.load + outcome.load_seconds)
    match outcome.order:
        case Encode() | EncodePixels():
            return replace(timings, encode=timings.encode + seconds)
        case Decode():
            return replace(timings, decode=timings.decode + seconds)
        case Upscale():
            return replace(timings, upscale=timings.upscale + seconds)
        case Denoise():
            if outcome.is_replayed:
                return replace(timings, replayed=timings.replayed + 1)
            passes = timings.passes + 1
            return replace(
                timings,
                denoise=timings.denoise + seconds,
                passes=passes,
                rows_per_pass=timings.rows_per_pass
                + (outcome.rows - timings.rows_per_pass) / passes,
            )
        case _:
            return timings


def _kind_of(error: TintypeError) -> Literal["model", "request", "engine"]:
    if isinstance(error, ModelError):
        return "model"
    return "request" if isinstance(error, RequestError) else "engine"
