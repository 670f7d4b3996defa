"""When a call is tried again, and when not; on a clock of the test's own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tintype.client.errors import (
    AccessError,
    AnswerError,
    BusyError,
    ClientError,
    ConflictError,
    InvalidError,
    NotFoundError,
    NotTintypeError,
    ServerError,
    UnreachableError,
    error_of,
)
from tintype.client.patience import Patience, asked
from tintype.client.wire import Answer, Call, Lost, Pause, Reply, Send

FINE = Answer(200, {}, b"{}")
REFUSED = Lost("connection refused", was_sent=False)
CUT = Lost("connection reset", was_sent=True)


class Clock:
    """Seconds that pass only while a flow pauses."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds


def tried(
    replies: Sequence[Reply], seconds: float = 20.0, *, repeatable: bool = True, draw: float = 1.0
) -> tuple[object, list[float]]:
    """What a call comes to that is answered so (the last answer again and again), and its pauses.

    An error is given back, not raised.
    """
    clock, pauses, left = Clock(), list[float](), list(replies)
    patience = Patience(seconds, now=clock.now, draw=lambda: draw)
    flow = asked(Send(Call("POST", "/v1/jobs", repeatable=repeatable)), patience)
    reply: Reply = None
    try:
        while True:
            match flow.send(reply):
                case Pause(wait):
                    pauses.append(wait)
                    clock.seconds += wait
                    reply = None
                case _:
                    reply = left.pop(0) if len(left) > 1 else left[0]
    except StopIteration as end:
        return end.value, pauses
    except ClientError as error:
        return error, pauses


def test_lost_lines_and_busy_servers_are_tried_again() -> None:
    """With pauses that double, until there is an answer."""
    outcome, pauses = tried([REFUSED, CUT, Answer(503, {}), Answer(429, {}), FINE])

    assert outcome == FINE
    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6])


def test_pauses_are_bounded_and_random_by_half() -> None:
    """None is longer than five seconds, and chance makes it up to half as long."""
    _, longest = tried([REFUSED], 60.0)
    _, shortest = tried([REFUSED], 60.0, draw=0.0)

    assert max(longest) == 5.0
    assert shortest[:3] == pytest.approx([0.1, 0.2, 0.4])


def test_patience_ends() -> None:
    """After its seconds the last reason is told, and no pause goes beyond them."""
    outcome, pauses = tried([REFUSED], 10.0)

    assert isinstance(outcome, UnreachableError)
    assert str(outcome) == "connection refused"
    assert sum(pauses) <= 10.0


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_heard(status: int) -> None:
    """As seconds, or as a date."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=400), usegmt=True)
    _, by_seconds = tried([Answer(status, {"retry-after": "7"}), FINE])
    _, by_date = tried([Answer(status, {"retry-after": soon}), FINE], 1000.0)

    assert by_seconds == [7.0]
    assert 300 < by_date[0] <= 400


def test_what_is_too_far_off_is_told_at_once() -> None:
    """A quota that comes back tomorrow is no reason to pause even once."""
    outcome, pauses = tried([Answer(429, {"retry-after": "36000"}, b'{"detail": "tomorrow"}')])

    assert isinstance(outcome, BusyError)
    assert (outcome.retry_after_seconds, str(outcome)) == (36000.0, "tomorrow")
    assert pauses == []


def test_an_unreadable_retry_after_is_none() -> None:
    """The usual pause stands in for it."""
    assert tried([Answer(503, {"retry-after": "soon"}), FINE]) == (FINE, pytest.approx([0.2]))


def test_what_must_not_happen_twice_is_sent_once() -> None:
    """A call that cannot be repeated is tried again only if it never reached the server."""
    refused, _ = tried([REFUSED, FINE], repeatable=False)
    cut, pauses = tried([CUT, FINE], repeatable=False)

    assert refused == FINE
    assert isinstance(cut, UnreachableError)
    assert pauses == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidError),
        (401, AccessError),
        (403, AccessError),
        (404, NotFoundError),
        (409, ConflictError),
        (413, InvalidError),
        (422, InvalidError),
        (500, ServerError),
        (502, ServerError),
    ],
)
def test_refusals_are_not_repeated(status: int, kind: type[AnswerError]) -> None:
    """Each status has its error, told at once."""
    outcome, pauses = tried([Answer(status, {}, b'{"error": "Kind", "detail": "words"}')])

    assert type(outcome) is kind
    assert isinstance(outcome, AnswerError)
    assert (outcome.status, outcome.error, str(outcome)) == (status, "Kind", "words")
    assert pauses == []


def test_a_server_that_sends_elsewhere() -> None:
    """A redirect is no answer, and tells where to."""
    outcome, _ = tried([Answer(307, {"location": "https://studio/"})])

    assert isinstance(outcome, NotTintypeError)
    assert "https://studio/" in str(outcome)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b'{"detail": [{"loc": ["body", "hires", "scale"], "msg": "too big"}]}',
            "hires.scale: too big",
        ),
        (b'{"detail": [{"loc": ["body"], "msg": "no JSON"}]}', "no JSON"),
        (b'{"detail": "Not Found"}', "Not Found"),
        (b'{"error": {"message": "no such model", "code": "x"}}', "no such model"),
        (b'{"error": "E", "detail": "", "errors": "text"}', "text"),
        (b"<html>Bad gateway</html>", "HTTP 404: <html>Bad gateway</html>"),
        (b"", "HTTP 404: no text"),
        (b"[]", "HTTP 404"),
    ],
)
def test_the_words_of_a_refusal(content: bytes, words: str) -> None:
    """In every shape the server has, and in those of proxies before it."""
    assert str(error_of(Answer(404, {}, content))) == words
