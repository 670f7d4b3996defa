"""A job's changes as server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.views import ended_job, running_job

from tintype.core.jobs import Pixels, Preview
from tintype.jobs import JobView
from tintype.server.native.jobs.events import event_stream, jpeg_of

Changes = AsyncGenerator[JobView | Preview]
PIXEL = Pixels(1, 1, b"\xff\x00\x00")


@dataclass(frozen=True)
class Told:
    """One event as a client reads it."""

    kind: str
    id: int
    data: Any


async def changes_of(*changes: JobView | Preview) -> Changes:
    """These, one after the other."""
    for change in changes:
        yield change


async def fake_jpeg(pixels: Pixels) -> bytes:
    """The bytes of the pixels themselves."""
    return pixels.data


def told(*changes: JobView | Preview, now: Callable[[], float] = lambda: 0.0) -> list[Told]:
    """Everything that is told of these changes."""

    async def collect() -> list[str]:
        stream = event_stream(changes_of(*changes), asyncio.Event(), fake_jpeg, now=now)
        return [text async for text in stream]

    return [_read(text) for text in asyncio.run(collect()) if text.startswith("event:")]


def _read(text: str) -> Told:
    assert text.endswith("\n\n")
    fields = dict(line.split(": ", 1) for line in text.strip().split("\n"))
    assert list(fields) == ["event", "id", "data"]
    return Told(fields["event"], int(fields["id"]), json.loads(fields["data"]))


def test_a_job_from_its_queue_to_its_end() -> None:
    """States, progress and images are told in order, counted, each with the whole job."""
    queued = running_job(state="queued", place=1, steps=((0, 0), (0, 0)), started=None)
    moved = running_job(state="queued", place=0, steps=((0, 0), (0, 0)), started=None)
    begun = running_job(steps=((1, 20), (0, 0)))
    further = running_job(steps=((2, 20), (1, 20)))
    one = running_job(steps=((20, 20), (19, 20)), finished=frozenset({0}))
    events = told(queued, moved, begun, further, one, ended_job())

    assert [event.kind for event in events] == [
        "state",
        "progress",
        "state",
        "progress",
        "progress",
        "image",
        "state",
        "image",
        "end",
    ]
    assert [event.id for event in events] == list(range(1, 10))
    assert all(event.data["id"] == "j1" for event in events)
    assert events[3].data["images"][1]["step"] == 1
    assert events[5].data["image"] == 0
    assert events[7].data["image"] == 1
    assert events[-1].data["state"] == "done"


def test_who_comes_late_gets_state_and_end() -> None:
    """A job that is over is told of in two events; images are in the snapshot."""
    events = told(ended_job())

    assert [event.kind for event in events] == ["state", "end"]
    assert [image["finished"] for image in events[0].data["images"]] == [True, True]


def test_requests_are_not_repeated_in_events() -> None:
    """What was asked for is told by the job's own address, not with every step."""
    (first, _) = told(ended_job())

    assert first.data["request"] is None


def test_previews_come_at_most_once_a_second_for_each_image() -> None:
    """Those between are left out."""
    times = iter([0.0, 0.5, 0.6, 1.0])
    previews = [
        Preview("j1", image, step, PIXEL) for image, step in ((0, 1), (0, 2), (1, 2), (0, 3))
    ]
    events = told(running_job(), *previews, ended_job(), now=lambda: next(times))
    shown = [event.data for event in events if event.kind == "preview"]

    assert [(one["image"], one["step"]) for one in shown] == [(0, 1), (1, 2), (0, 3)]
    assert shown[0]["picture"] == "data:image/jpeg;base64,/wAA"


def test_previews_are_jpeg_files() -> None:
    """Pixels become a file a browser can show."""
    assert asyncio.run(jpeg_of(PIXEL)).startswith(b"\xff\xd8\xff")


class _Held:
    """Changes that end when told to; knows whether they were closed."""

    def __init__(self) -> None:
        self.is_closed = False
        self.go_on = asyncio.Event()

    async def changes(self) -> Changes:
        try:
            yield running_job()
            await self.go_on.wait()
            yield ended_job()
        finally:
            self.is_closed = True


def test_silence_is_broken_by_a_comment() -> None:
    """While nothing happens a comment shows that the connection lives."""

    async def watch() -> list[str]:
        held = _Held()
        stream = event_stream(held.changes(), asyncio.Event(), fake_jpeg, heartbeat_seconds=0.001)
        seen: list[str] = []
        async for text in stream:
            seen.append(text)
            if text.startswith(":"):
                held.go_on.set()
        return seen

    seen = asyncio.run(watch())
    assert any(text.startswith(": ") for text in seen)
    assert seen[-1].startswith("event: end")


def test_a_server_that_stops_ends_its_streams() -> None:
    """The stream ends without `end`, so that the client comes again; the changes are let go."""

    async def watch() -> tuple[list[str], bool]:
        held, ending = _Held(), asyncio.Event()
        seen: list[str] = []
        async for text in event_stream(held.changes(), ending, fake_jpeg):
            seen.append(text)
            if text.startswith("event: state"):
                ending.set()
        return seen, held.is_closed

    seen, is_closed = asyncio.run(watch())
    assert seen[0] == "retry: 2000\n\n"
    assert [text.partition("\n")[0] for text in seen[1:]] == ["event: state"]
    assert is_closed


def test_a_client_that_leaves_is_let_go() -> None:
    """A stream that is cancelled closes the changes it came from."""

    async def leave() -> bool:
        held = _Held()
        begun = asyncio.Event()

        async def read() -> None:
            async for _ in event_stream(held.changes(), asyncio.Event(), fake_jpeg):
                begun.set()

        reading = asyncio.create_task(read())
        await begun.wait()
        await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        return held.is_closed

    assert asyncio.run(leave())
