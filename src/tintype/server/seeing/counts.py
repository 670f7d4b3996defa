"""What this process has seen happen since its start, as plain numbers."""

import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from tintype.jobs import JobView

PHASES = ("queue", "load", "encode", "sample", "decode", "total")
"""Where the time of a job goes: `queue` while no worker has it, `total` from first to last."""

JOB_BOUNDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640, 1280)
"""Seconds: from a picture of the demo model to a batch on a CPU."""

REQUEST_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Seconds: from a list to a call that waits for its pictures."""

_MINUTE_SECONDS = 60.0
_MOST_RECENT = 10_000


class Histogram:
    """How many values fell into each bucket.

    Attributes:
        bounds: inclusive upper ends of the buckets, rising; one more bucket takes the rest.
        counts: values in each of them, `len(bounds) + 1`.
        total: sum of all values.
    """

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def note(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def copied(self) -> "Histogram":
        """As it is now, for another thread."""
        copy = Histogram(self.bounds)
        copy.counts, copy.total = self.counts[:], self.total
        return copy

    def cumulative(self) -> list[tuple[str, float]]:
        """Upper end of each bucket as Prometheus writes it, and the values up to there."""
        ends = [*(f"{float(bound)}" for bound in self.bounds), "+Inf"]
        return list(zip(ends, _sums(self.counts), strict=True))


@dataclass(frozen=True, slots=True)
class Answered:
    """A request that has had its answer.

    Attributes:
        route: its template, say "/sdapi/v1/options".
        error: class of the error it was answered with; "" for none.
    """

    route: str
    method: str
    status: int
    seconds: float
    error: str = ""


@dataclass(slots=True)
class Counts:
    """Everything that is counted here; what a worker counts is in its `Tally`.

    Attributes:
        jobs: ended jobs by dialect, priority and outcome.
        job_seconds: of ended jobs, by phase.
        images: finished images of ended jobs.
        steps: calls of the U-Net those jobs asked for and got.
        replayed: calls that a log answered, after a worker was lost.
        retries: times a job was given to a worker again.
        errors: by class and by what met it, "job" or "http".
        requests: by route, method and status.
        request_seconds: by route and method.
        open_requests: that have no whole answer yet.
    """

    now: Callable[[], float] = time.monotonic
    jobs: Counter[tuple[str, str, str]] = field(default_factory=Counter[tuple[str, str, str]])
    job_seconds: dict[str, Histogram] = field(
        default_factory=lambda: {phase: Histogram(JOB_BOUNDS) for phase in PHASES}
    )
    images: int = 0
    steps: int = 0
    replayed: int = 0
    retries: int = 0
    errors: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter[tuple[str, str, int]])
    request_seconds: dict[tuple[str, str], Histogram] = field(
        default_factory=dict[tuple[str, str], Histogram]
    )
    open_requests: int = 0
    _recent: deque[tuple[float, int]] = field(
        default_factory=lambda: deque[tuple[float, int]](maxlen=_MOST_RECENT)
    )

    def note_job(self, view: JobView) -> None:
        """Count a job that has ended."""
        self.jobs[view.dialect, view.priority, view.state] += 1
        self.images += len(view.finished)
        self.steps += sum(done for done, _ in view.steps)
        self.retries += max(view.attempts - 1, 0)
        self._recent.append((self.now(), len(view.finished)))
        if view.error is not None and view.state == "failed":
            self.errors[type(view.error).__name__, "job"] += 1
        if view.timings is not None:
            self.replayed += view.timings.replayed
        for phase, seconds in seconds_of(view).items():
            self.job_seconds[phase].note(seconds)

    def note_request(self, answered: Answered) -> None:
        """Count a request that has had its answer."""
        self.requests[answered.route, answered.method, answered.status] += 1
        if answered.error:
            self.errors[answered.error, "http"] += 1
        key = answered.route, answered.method
        if key not in self.request_seconds:
            self.request_seconds[key] = Histogram(REQUEST_BOUNDS)
        self.request_seconds[key].note(answered.seconds)

    def copied(self) -> "Counts":
        """As they are now, for another thread; only this one is asked for recent images."""
        return replace(
            self,
            jobs=self.jobs.copy(),
            job_seconds={phase: seconds.copied() for phase, seconds in self.job_seconds.items()},
            errors=self.errors.copy(),
            requests=self.requests.copy(),
            request_seconds={key: s.copied() for key, s in self.request_seconds.items()},
        )

    def images_per_minute(self) -> int:
        """Images whose jobs ended in the last minute."""
        while self._recent and self._recent[0][0] <= self.now() - _MINUTE_SECONDS:
            self._recent.popleft()
        return sum(images for _, images in self._recent)


def seconds_of(view: JobView) -> dict[str, float]:
    """Where the time of an ended job went, as far as it is known; keys are of `PHASES`."""
    seconds = dict[str, float]()
    if view.started is not None:
        last_seconds = 0.0 if view.ended is None else view.ended - view.started
        earlier_seconds = max(view.running_seconds - last_seconds, 0.0)  # with other workers
        seconds["queue"] = max(view.started - view.created - earlier_seconds, 0.0)
    if (timings := view.timings) is not None:
        seconds |= {"load": timings.load, "encode": timings.encode}
        seconds |= {"sample": timings.denoise, "decode": timings.decode}
    if view.ended is not None:
        seconds["total"] = max(view.ended - view.created, 0.0)
    return seconds


def _sums(counts: list[int]) -> Iterator[float]:
    total = 0
    for count in counts:
        total += count
        yield total
