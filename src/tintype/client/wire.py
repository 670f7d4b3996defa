"""Questions that the logic asks, and what it is answered; who carries them is no matter.

The logic of this room is made of generators that yield a question and are sent its answer, so it
knows neither sockets nor clocks nor whether anybody awaits. `sync.py` and `aio.py` carry.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal, TypeVar

from tintype.client.values import Event

T = TypeVar("T")

Method = Literal["GET", "POST", "DELETE"]
Query = Mapping[str, str | int | float | list[int]]

_BUSY = (429, 503)


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request.

    Attributes:
        path: below the server's address, quoted.
        query: parameters; a list comes several times.
        body: to be sent as JSON; None for no body.
        headers: beside those of every call.
        repeatable: whether a second one does no harm where the answer to the first was lost.
    """

    method: Method
    path: str
    query: Query = field(default_factory=dict[str, str])
    body: Mapping[str, object] | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    repeatable: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `headers` have names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""

    @property
    def is_good(self) -> bool:
        """Whether it is what was asked for."""
        return 200 <= self.status < 300

    @property
    def is_busy(self) -> bool:
        """Whether the same call may work later."""
        return self.status in _BUSY

    @property
    def retry_after_seconds(self) -> float | None:
        """What `Retry-After` says, as seconds from now; None without one that can be read."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer: why, and whether the server may have read the request."""

    reason: str
    was_sent: bool


@dataclass(frozen=True, slots=True)
class Send:
    """Send this and read the whole answer. Answered with `Answer` or `Lost`."""

    call: Call


@dataclass(frozen=True, slots=True)
class Open:
    """Send this and leave the answer open, in place of any that is.

    Answered with an `Answer`, without its content if it is a good one; or `Lost`.

    Attributes:
        silence_seconds: how long there may be nothing to read before the line counts as dead.
    """

    call: Call
    silence_seconds: float


@dataclass(frozen=True, slots=True)
class Read:
    """What comes next from the open answer: bytes, None at its end, or `Lost`."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Do nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Tell:
    """Hand this event to whoever listens."""

    event: Event


Question = Send | Open | Read | Pause
Reply = Answer | Lost | bytes | None
Flow = Generator[Question, Reply, T]
Telling = Generator[Question | Tell, Reply, T]


def answered(reply: Reply) -> Answer | Lost:
    """The reply to `Send` and `Open`."""
    if isinstance(reply, Answer | Lost):
        return reply
    raise AssertionError(f"{reply!r} is no answer to a call: this is a bug")


def heard(reply: Reply) -> bytes | Lost | None:
    """The reply to `Read`."""
    if isinstance(reply, Answer):
        raise AssertionError("an answer where bytes were read: this is a bug")
    return reply


def untold(telling: Telling[T]) -> Flow[T]:
    """The same without its events, for those who want the end alone."""
    reply: Reply = None
    while True:
        try:
            question = telling.send(reply)
        except StopIteration as end:
            return end.value
        reply = None if isinstance(question, Tell) else (yield question)
