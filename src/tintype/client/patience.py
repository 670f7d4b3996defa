"""How long and how often a call is tried, and when somebody stops waiting."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import inf
from random import random
from time import monotonic

from tintype.client.errors import UnreachableError, error_of
from tintype.client.wire import Answer, Flow, Lost, Open, Pause, Send, answered

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try.

    Attributes:
        seconds: of trying a call again that was not answered, or by a busy server.
        deadline: on the clock `now`; nothing is tried beyond.
        now: seconds of a clock that does not jump.
        draw: a number from 0 to 1, another each time.
    """

    seconds: float
    deadline: float = inf
    now: Callable[[], float] = monotonic
    draw: Callable[[], float] = random

    def within(self, seconds: float | None) -> "Patience":
        """The same, ending so many seconds from now; None for no end."""
        return self if seconds is None else replace(self, deadline=self.now() + seconds)

    @property
    def left_seconds(self) -> float:
        """Until the deadline; below 0 after it."""
        return self.deadline - self.now()

    def pauses(self) -> Iterator[float]:
        """Seconds between tries: doubling, and random by half, so that clients do not march."""
        pause = _FIRST_PAUSE
        while True:
            yield pause * (0.5 + self.draw() / 2)
            pause = min(2 * pause, _LONGEST_PAUSE)


def asked(question: Send | Open, patience: Patience) -> Flow[Answer]:
    """The answer to a call, tried again where that helps and does no harm.

    Raises:
        AnswerError: the server refuses.
        UnreachableError: there is no answer.
        NotTintypeError: somebody sends us elsewhere.
    """
    last_try = min(patience.now() + patience.seconds, patience.deadline)
    for pause in patience.pauses():
        reply = answered((yield question))
        if isinstance(reply, Answer) and reply.is_good:
            return reply
        wait = _wait_before_retry(reply, pause, is_repeatable=question.call.repeatable)
        if patience.now() + wait > last_try:
            raise _given_up(reply)
        yield Pause(wait)
    raise AssertionError("pauses never end: this is a bug")


def _wait_before_retry(reply: Answer | Lost, pause: float, *, is_repeatable: bool) -> float:
    """Seconds until the next try; endless where it would not help."""
    if isinstance(reply, Lost):
        return pause if is_repeatable or not reply.was_sent else inf
    if not reply.is_busy:
        return inf
    return max(reply.retry_after_seconds or 0.0, pause)


def _given_up(reply: Answer | Lost) -> Exception:
    return UnreachableError(reply.reason) if isinstance(reply, Lost) else error_of(reply)
