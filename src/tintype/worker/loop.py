"""The worker's loop: commands in, ticks, events out."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic

from tintype.core.jobs import (
    Cancel,
    Command,
    Describe,
    Event,
    Forget,
    ImageDone,
    ImageKept,
    Interrupt,
    JobDone,
    Load,
    Painted,
    Status,
    Stop,
    Submit,
    Tally,
    Unload,
    Watch,
)
from tintype.jobs import JobFolder
from tintype.worker.channel import Channel, FrontGone
from tintype.worker.describing import Describing
from tintype.worker.runner import JobRunner, NotKept
from tintype.worker.wishes import Wishes

_STATUS_SECONDS = 1.0

log = logging.getLogger(__name__)


class WorkerLoop:
    """Serves a front process until told to stop, or until it is gone."""

    def __init__(
        self,
        channel: Channel,
        jobs: Path,
        runner_for: Callable[[Callable[[Event], None]], JobRunner],
        wishes_for: Callable[[Callable[[Event], None]], Wishes],
        describing_for: Callable[[Callable[[Event], None]], Describing],
        tally: Callable[[], Tally],
        memory: Callable[[], tuple[int, int]],
    ) -> None:
        """A loop that has not begun.

        Args:
            channel: the way to and from the front.
            jobs: holds a folder for each job, where finished pictures go.
            runner_for: builds the runner, given where its events go.
            wishes_for: builds what sees to the memory, likewise.
            describing_for: builds what describes pictures, likewise.
            tally: what the engine has done.
            memory: bytes the process holds, and bytes there are.
        """
        self._channel, self._jobs = channel, jobs
        self._runner, self._wishes = runner_for(self._tell), wishes_for(self._tell_of_memory)
        self._describing = describing_for(self._tell_of_memory)
        self._tally, self._memory = tally, memory
        self._deadline: float | None = None
        self._told = monotonic()

    def run(self) -> None:
        """Serve."""
        try:
            while not (self._is_stopping and self._is_idle):
                was_idle = self._runner.is_idle
                is_resting = self._is_idle and not self._wishes.are_open
                is_patient = is_resting and not self._is_stopping
                for command in self._channel.poll(None if is_patient else 0):
                    self._obey(command)
                self._work()
                is_due = monotonic() - self._told >= _STATUS_SECONDS
                if self._runner.is_idle != was_idle or (is_due and not was_idle):
                    self._tell_status()
        except FrontGone:
            log.info("the front process is gone: ending")

    @property
    def _is_stopping(self) -> bool:
        return self._deadline is not None

    @property
    def _is_idle(self) -> bool:
        """Nothing is left to do; at the deadline pictures are not described any more."""
        return self._runner.is_idle and (self._describing.is_idle or self._is_late)

    @property
    def _is_late(self) -> bool:
        return self._deadline is not None and monotonic() >= self._deadline

    def _work(self) -> None:
        if self._is_late:
            self._runner.park()
        elif self._runner.is_idle:
            self._wishes.fulfil()
        else:
            self._runner.tick()
        if not self._is_late:
            self._describing.step(is_alone=self._runner.is_idle)

    def _obey(self, command: Command) -> None:
        match command:
            case Submit():
                self._runner.submit(command.job)
            case Cancel():
                self._runner.cancel(command.job_id)
            case Interrupt():
                self._runner.interrupt(command.job_id, command.images)
            case Watch():
                self._runner.watch(command.job_id, command.every_seconds)
            case Load() | Unload():
                self._wishes.note(command)
            case Describe():
                self._describing.note(command)
            case Forget():
                self._describing.forget(command.number)
            case Stop():
                deadline = monotonic() + command.seconds
                self._deadline = min(deadline, self._deadline or deadline)

    def _tell(self, event: Event) -> None:
        if isinstance(event, ImageDone):
            self._keep(event)
            event = ImageKept(event.job_id, event.image)
        if isinstance(event, JobDone):
            _log_end(event)
        self._channel.send(event)

    def _tell_of_memory(self, event: Event) -> None:
        self._tell_status()
        self._tell(event)

    def _tell_status(self) -> None:
        self._told = monotonic()
        held, total = self._memory()
        tally = replace(self._tally(), memory_bytes=held, memory_total_bytes=total)
        self._channel.send(Status(tally))

    def _keep(self, done: ImageDone) -> None:
        painted = Painted(done.pixels, done.beside, done.is_partial)
        try:
            JobFolder(self._jobs / done.job_id).keep(done.image, painted)
        except OSError as error:
            raise NotKept(f"the picture cannot be kept: {error.strerror}") from error


def _log_end(done: JobDone) -> None:
    timings = done.timings
    log.debug(
        "done in %.2f s: %d passes of %.1f rows on average, %d answers from its log",
        timings.total,
        timings.passes,
        timings.rows_per_pass,
        timings.replayed,
        extra={"job": done.job_id},
    )
