"""How everything is at one moment: what `/metrics` and `/v1/status` are written from."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from tintype import __version__
from tintype.core.jobs import Tally
from tintype.jobs import JobView, Waiting, WorkerView
from tintype.server.seeing.counts import Counts
from tintype.server.services import Services


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The front process and its worker at one moment.

    Attributes:
        now: unix seconds.
        since: when this process began, unix seconds.
        version: of this program.
        worker: how it is doing.
        start_seconds: phases of its last start; empty before the first was over.
        tally: what it has counted.
        waiting: the queue.
        backlog_seconds: until the queue is done; None while nothing was measured.
        running: jobs with the worker, oldest first.
        images_running: their images that are not finished.
        images_per_minute: whose jobs ended in the last minute.
        counts: what this process has counted until now.
    """

    now: float
    since: float
    version: str
    worker: WorkerView
    start_seconds: Mapping[str, float]
    tally: Tally
    waiting: tuple[Waiting, ...]
    backlog_seconds: float | None
    running: tuple[JobView, ...]
    images_running: int
    images_per_minute: int
    counts: Counts

    @property
    def oldest_wait_seconds(self) -> float:
        """How long the job that came first of those waiting has waited; 0 with none."""
        oldest = min((line.oldest for line in self.waiting), default=self.now)
        return max(self.now - oldest, 0.0)


def snapshot_of(services: Services, counts: Counts, since: float) -> Snapshot:
    """How everything is now; reads what each room knows and changes nothing."""
    jobs, worker = services.jobs, services.worker
    return Snapshot(
        now=time.time(),
        since=since,
        version=__version__,
        worker=worker.view,
        start_seconds=worker.start_seconds or {},
        tally=worker.tally or Tally(),
        waiting=tuple(jobs.waiting()),
        backlog_seconds=jobs.backlog_seconds(),
        running=tuple(jobs.running()),
        images_running=jobs.images_running,
        images_per_minute=counts.images_per_minute(),
        counts=counts.copied(),
    )
