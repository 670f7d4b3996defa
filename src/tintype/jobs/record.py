"""One job as the table holds it, and as others see it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tintype.core.jobs import PRIORITIES, Preview, Priority, Timings
from tintype.errors import (
    Cancelled,
    EngineError,
    ModelError,
    RequestError,
    TintypeError,
    WorkerUnavailable,
)

if TYPE_CHECKING:
    from tintype.jobs.watching import Watcher

State = Literal["queued", "running", "parked", "done", "failed", "cancelled"]
FINAL: frozenset[State] = frozenset[State](("done", "failed", "cancelled"))
RESTING: frozenset[State] = FINAL | frozenset[State](("parked",))
"""States in which nothing goes on; only a promotion ends the last of them."""

_ERRORS = {
    cls.__name__: cls
    for cls in (ModelError, RequestError, EngineError, Cancelled, WorkerUnavailable)
}


@dataclass(frozen=True, slots=True)
class JobView:
    """What is known of a job at one moment.

    Attributes:
        owner: whose it is; "" where nobody logs in.
        dialect: how it was asked for, say "sdapi/txt2img".
        state: `parked` is a draft that waits to be promoted.
        place: how many jobs go before it, as things stand; None unless queued.
        attempts: how often it was given to a worker, orderly stops not counted.
        images: how many were asked for.
        steps: for each image, how many have been made of how many; (0, 0) before the first.
        finished: images there are pictures of, partial ones included.
        created: when it was admitted; unix seconds, as the next two.
        started: when a worker took it last.
        ended: when it came to rest.
        running_seconds: with workers, all in all.
        remaining_seconds: of a running job from its own steps, of a queued one from jobs measured
            before; None while nothing is known.
        timings: where its time went, once done.
        error: why it failed or was cancelled.
        request: what was asked for, as JSON.
        draft_steps: see `core.Job`.
        webhook: whom to tell of the end, or None.
        interrupted: images somebody wanted finished early.
    """

    id: str
    owner: str
    dialect: str
    priority: Priority
    state: State
    place: int | None
    attempts: int
    images: int
    steps: tuple[tuple[int, int], ...]
    finished: frozenset[int]
    created: float
    started: float | None
    ended: float | None
    running_seconds: float
    remaining_seconds: float | None
    timings: Timings | None
    error: TintypeError | None
    request: bytes
    draft_steps: int | None
    webhook: str | None
    interrupted: frozenset[int] = frozenset()

    @property
    def fraction(self) -> float:
        """How far it is, 0 to 1, over all its images."""
        return _fraction(self.steps, self.finished)


@dataclass(slots=True, eq=False)
class Record:
    """A job in the table's hands; light, for ten thousand of them may wait.

    Attributes:
        sequence: order of admission; no clock is asked for it.
        plan_bytes: of its packed plans.
        deaths: workers that died under it.
        began: when the present worker took it, by the steady clock.
        spent: seconds with earlier workers.
        first_step: when one was first told of by the steady clock, and the fraction done then.
        request: only once it has run; None otherwise.
        preview: the newest of any image.
        glanced: when somebody last asked for one, by the steady clock.
        is_given: the worker has it, and can be told about it.
    """

    id: str
    sequence: int
    owner: str
    dialect: str
    priority: Priority
    images: int
    created: float
    plan_bytes: int
    draft_steps: int | None = None
    webhook: str | None = None
    state: State = "queued"
    attempts: int = 0
    deaths: int = 0
    finished: frozenset[int] = frozenset()
    steps: dict[int, tuple[int, int]] | None = None
    started: float | None = None
    ended: float | None = None
    began: float = 0.0
    spent: float = 0.0
    first_step: tuple[float, float] | None = None
    timings: Timings | None = None
    error: TintypeError | None = None
    request: bytes | None = None
    interrupted: frozenset[int] = frozenset()
    watchers: "list[Watcher] | None" = None
    preview: Preview | None = None
    glanced: float | None = None
    is_given: bool = False

    @property
    def rank(self) -> int:
        """Of its priority; the lowest goes first."""
        return PRIORITIES.index(self.priority)

    @property
    def cancel_asked(self) -> bool:
        """It runs, and somebody wants it to end."""
        return self.state == "running" and isinstance(self.error, Cancelled)

    @property
    def unfinished(self) -> frozenset[int]:
        """Images there is no picture of."""
        return frozenset(range(self.images)) - self.finished

    @property
    def all_steps(self) -> tuple[tuple[int, int], ...]:
        """As `JobView.steps`."""
        steps = self.steps or {}
        return tuple(steps.get(image, (0, 0)) for image in range(self.images))

    def fraction(self) -> float:
        """As `JobView.fraction`."""
        return _fraction(self.all_steps, self.finished)

    def forget_progress(self) -> None:
        """Of an attempt that is over; finished images stay finished."""
        self.steps = None
        self.first_step = None
        self.preview = None

    def promote(self) -> None:
        """From a parked draft to a queued job that is painted to its end."""
        self.state, self.draft_steps, self.ended = "queued", None, None
        self.attempts, self.finished, self.timings = 0, frozenset(), None
        self.interrupted = frozenset()
        self.forget_progress()

    def view(
        self, now: float, request: bytes | None, place: int | None, remaining: float | None
    ) -> JobView:
        """As others see it.

        Args:
            now: by the steady clock.
            request: what was asked for, where `self.request` is None.
        """
        return JobView(
            id=self.id,
            owner=self.owner,
            dialect=self.dialect,
            priority=self.priority,
            state=self.state,
            place=place,
            attempts=self.attempts,
            images=self.images,
            steps=self.all_steps,
            finished=self.finished,
            created=self.created,
            started=self.started,
            ended=self.ended,
            running_seconds=self.running_seconds(now),
            remaining_seconds=self.remaining_seconds(now) if place is None else remaining,
            timings=self.timings,
            error=self.error,
            request=self.request or request or b"{}",
            draft_steps=self.draft_steps,
            webhook=self.webhook,
            interrupted=self.interrupted,
        )

    def running_seconds(self, now: float) -> float:
        """With workers, all in all."""
        return self.spent + (now - self.began if self.state == "running" else 0.0)

    def remaining_seconds(self, now: float) -> float | None:
        """By the pace of its own steps; None before the second one."""
        if self.state != "running" or self.first_step is None:
            return None
        since, done_then = self.first_step
        done = self.fraction()
        if done <= done_then:
            return None
        return (now - since) / (done - done_then) * (1.0 - done)


def error_called(kind: str | None, message: str | None) -> TintypeError | None:
    """An error from its written form."""
    return None if kind is None else _ERRORS.get(kind, TintypeError)(message or "")


def _fraction(steps: tuple[tuple[int, int], ...], finished: frozenset[int]) -> float:
    done = sum(
        1.0 if image in finished else made / total if total else 0.0
        for image, (made, total) in enumerate(steps)
    )
    return done / max(len(steps), 1)
