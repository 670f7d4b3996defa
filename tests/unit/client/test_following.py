"""Following a job through lost lines, without a server."""

import json
from collections.abc import Sequence
from typing import Any

import pytest
from tests.unit.client.test_patience import Clock

from tintype.client.errors import TimeLimitError
from tintype.client.following import followed
from tintype.client.patience import Patience
from tintype.client.values import Event, JobEvent
from tintype.client.wire import Answer, Lost, Open, Pause, Read, Reply, Send, Tell


def job(state: str, *steps: int, **fields: Any) -> dict[str, Any]:
    """A job of three steps whose images are so far."""
    images = [
        {"image": at, "step": step, "steps": 3, "finished": step == 3, "link": ""}
        for at, step in enumerate(steps)
    ]
    empty = dict.fromkeys(["place", "started", "ended", "eta_seconds", "draft_steps", "timings"])
    rest = {"error": None, "seeds": None, "warnings": [], "images": images, "new_field": 1}
    numbers = {"created": 0.0, "attempts": 1, "fraction": 0.5, "running_seconds": 0.1}
    return {"id": "j1", "state": state, "priority": "normal"} | empty | rest | numbers | fields


def line(kind: str, told: dict[str, Any], number: int = 1) -> bytes:
    """An event as it comes."""
    return f"event: {kind}\nid: {number}\ndata: {json.dumps(told)}\n\n".encode()


class Server:
    """Gives each line that is opened its pieces in turn, and looks answer with the latest job."""

    def __init__(self, lines: Sequence[Sequence[bytes | Lost]], latest: dict[str, Any]) -> None:
        self.clock, self.opened = Clock(), list[Open]()
        self._lines, self._latest = [list(one) for one in lines], latest
        self._pieces = list[bytes | Lost]()

    def told(self, seconds: float | None = None) -> list[Event]:
        """All events of the job, until it is at rest."""
        patience = Patience(20.0, now=self.clock.now, draw=lambda: 1.0).within(seconds)
        flow, reply, events = followed("j1", patience, previews=True), None, list[Event]()
        while True:
            try:
                question = flow.send(reply)
            except StopIteration:
                return events
            if isinstance(question, Tell):
                events.append(question.event)
                reply = None
            else:
                reply = self._reply(question)

    def _reply(self, question: Send | Open | Read | Pause) -> Reply:
        match question:
            case Open():
                self.opened.append(question)
                self._pieces = self._lines.pop(0)
                return Answer(200, {})
            case Read():
                self.clock.seconds += 1
                return self._pieces.pop(0) if self._pieces else None
            case Send():
                return Answer(200, {}, json.dumps(self._latest).encode())
            case Pause(seconds):
                self.clock.seconds += seconds
                return None


def short(events: Sequence[Event]) -> list[tuple[object, ...]]:
    """Kind, state and image of each event."""
    return [
        (one.kind, one.job.state, one.image) if isinstance(one, JobEvent) else ("preview", one.data)
        for one in events
    ]


def test_an_undisturbed_job() -> None:
    """State, progress, preview, image and end, each once."""
    preview = {"job": "j1", "image": 0, "step": 1, "picture": "data:image/jpeg;base64,/9g="}
    done = job("done", 3)
    server = Server(
        [
            [
                line("state", job("running", 1)),
                line("preview", preview),
                line("progress", job("running", 2)),
                line("state", done) + line("image", done | {"image": 0}) + line("end", done),
            ]
        ],
        done,
    )

    assert short(server.told()) == [
        ("state", "running", None),
        ("preview", b"\xff\xd8"),
        ("progress", "running", None),
        ("state", "done", None),
        ("image", "done", 0),
        ("end", "done", None),
    ]


def test_a_picture_that_was_finished_while_the_line_was_lost() -> None:
    """It is told after the line is back, and those told before are not told again."""
    server = Server(
        [
            [line("state", job("running", 3, 1), 4), Lost("reset", was_sent=True)],
            [line("state", job("running", 3, 3), 1), line("end", job("done", 3, 3), 2)],
        ],
        job("running", 3, 2),
    )

    assert short(server.told()) == [
        ("state", "running", None),
        ("image", "running", 0),
        ("progress", "running", None),
        ("progress", "running", None),
        ("image", "running", 1),
        ("state", "done", None),
        ("end", "done", None),
    ]
    assert "Last-Event-ID" not in server.opened[0].call.headers
    assert server.opened[1].call.headers["Last-Event-ID"] == "4"


def test_a_job_that_ended_while_the_line_was_lost() -> None:
    """One look is enough; also where a proxy keeps all events for itself."""
    server = Server([[Lost("silence", was_sent=True)]], job("done", 3))

    assert short(server.told()) == [
        ("state", "done", None),
        ("image", "done", 0),
        ("end", "done", None),
    ]


def test_a_time_limit() -> None:
    """It ends the waiting even if the server goes on talking; the error has the job's id."""
    talk = [b": still there\n\n"] * 100
    server = Server([list(talk) for _ in range(30)], job("running", 1))

    with pytest.raises(TimeLimitError, match="it goes on") as caught:
        server.told(seconds=9.5)
    assert caught.value.job_id == "j1"
    assert server.clock.seconds < 9.5 + 2
    assert server.opened[-1].silence_seconds < 2
