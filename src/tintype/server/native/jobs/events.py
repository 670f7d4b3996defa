"""A job as it goes on, told as server-sent events; each is a whole snapshot.

Source: WHATWG HTML, section 9.2, "Server-sent events".
"""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from time import monotonic
from typing import Literal

from anyio import CancelScope
from pydantic import BaseModel

from tintype.core.jobs import Pixels, Preview
from tintype.jobs import RESTING, JobView
from tintype.server.native.jobs.answers import JobAnswer, job_answer

Kind = Literal["state", "progress", "preview", "image", "end"]

HEARTBEAT_SECONDS = 15.0
PREVIEW_SECONDS = 1.0
_RECONNECT_MS = 2000
_JPEG_QUALITY = 80


class PreviewAnswer(BaseModel):
    """What an image looks like by now."""

    job: str
    image: int
    step: int
    picture: str


class ImageDoneAnswer(JobAnswer):
    """The job, and which of its images was just finished."""

    image: int


async def event_stream(
    changes: AsyncGenerator[JobView | Preview],
    ending: asyncio.Event,
    encode: Callable[[Pixels], Awaitable[bytes]],
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    now: Callable[[], float] = monotonic,
) -> AsyncGenerator[str]:
    """The text of a stream of events, until the job's last state or until the server ends.

    Args:
        changes: the job now and later; closed at the end.
        ending: set when the server is about to stop; the client then comes again by itself.
        encode: a preview as a JPEG file.
        heartbeat_seconds: of silence, until a comment shows that both are still there.
        now: seconds of any clock that does not jump.
    """
    writer = _Writer(encode, now)
    yield f"retry: {_RECONNECT_MS}\n\n"
    async with aclosing(with_heartbeat(changes, ending, heartbeat_seconds)) as coming:
        async for change in coming:
            if change is None:
                yield ": still there\n\n"
            else:
                for text in await writer.told(change):
                    yield text
    if not ending.is_set():
        for text in writer.end():
            yield text


class _Writer:
    """Numbers events, and remembers what was told last."""

    def __init__(
        self, encode: Callable[[Pixels], Awaitable[bytes]], now: Callable[[], float]
    ) -> None:
        self._encode, self._now = encode, now
        self._count = 0
        self._last: JobView | None = None
        self._shown: dict[int, float] = {}

    async def told(self, change: JobView | Preview) -> list[str]:
        if isinstance(change, Preview):
            if not self._is_time_for(change):
                return []
            return [self._event("preview", await self._preview(change))]
        last, self._last = self._last, change
        return [self._event(kind, answer) for kind, answer in events_between(last, change)]

    def end(self) -> Iterator[str]:
        """Nothing where the changes ended before the job did: the client will come again."""
        if self._last is not None and self._last.state in RESTING:
            yield self._event("end", job_answer(self._last))

    def _is_time_for(self, preview: Preview) -> bool:
        now = self._now()
        if now - self._shown.get(preview.image, -PREVIEW_SECONDS) < PREVIEW_SECONDS:
            return False
        self._shown[preview.image] = now
        return True

    async def _preview(self, preview: Preview) -> PreviewAnswer:
        jpeg = await self._encode(preview.pixels)
        picture = f"data:image/jpeg;base64,{b64encode(jpeg).decode('ascii')}"
        return PreviewAnswer(
            job=preview.job_id, image=preview.image, step=preview.step, picture=picture
        )

    def _event(self, kind: Kind, answer: BaseModel) -> str:
        self._count += 1
        return f"event: {kind}\nid: {self._count}\ndata: {answer.model_dump_json()}\n\n"


def events_between(before: JobView | None, now: JobView) -> Iterator[tuple[Kind, BaseModel]]:
    """What is to be told of a job that was `before`, or that nobody was told of yet."""
    answer = job_answer(now)
    if before is None or before.state != now.state:
        yield "state", answer
    elif before.steps != now.steps or before.place != now.place:
        yield "progress", answer
    for image in sorted(now.finished - before.finished) if before is not None else ():
        yield "image", ImageDoneAnswer(image=image, **dict(answer))


async def jpeg_of(pixels: Pixels) -> bytes:
    """A preview as a JPEG file, made in a thread."""
    return await asyncio.to_thread(_jpeg, pixels)


def _jpeg(pixels: Pixels) -> bytes:
    from tintype.imaging import encoded, picture_of  # not needed to answer the door

    return encoded(picture_of(pixels), "jpg", None, quality=_JPEG_QUALITY)


async def with_heartbeat(
    changes: AsyncGenerator[JobView | Preview], ending: asyncio.Event, seconds: float
) -> AsyncGenerator[JobView | Preview | None]:
    """The changes, and None after each silence of so many seconds; ends once `ending` is set."""
    stop = asyncio.create_task(ending.wait())
    coming = asyncio.create_task(_next(changes))
    try:
        while True:
            await asyncio.wait({coming, stop}, timeout=seconds, return_when="FIRST_COMPLETED")
            if stop.done():
                return
            if not coming.done():
                yield None
                continue
            change = coming.result()
            if change is None:
                return
            yield change
            coming = asyncio.create_task(_next(changes))
    finally:
        stop.cancel()
        coming.cancel()
        with CancelScope(
            shield=True
        ):  # a client that left has its request cancelled again and again
            await asyncio.gather(stop, coming, return_exceptions=True)
            await changes.aclose()


async def _next(changes: AsyncGenerator[JobView | Preview]) -> JobView | Preview | None:
    """The next change, or None after the last."""
    return await anext(changes, None)
