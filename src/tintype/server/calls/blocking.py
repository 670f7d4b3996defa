"""Calls that wait for their job: what their headers ask for, and what becomes of who leaves."""

import asyncio
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request

from tintype.core.jobs import PRIORITIES, Priority
from tintype.errors import InvalidRequest, WorkerUnavailable, shown
from tintype.jobs import JobTable, JobView
from tintype.server.calls.idempotency import KEY_HEADER, checked_key
from tintype.server.errors import CallerLeft

ASYNC = "respond-async"
"""What `Prefer` says for an answer at once (RFC 7240)."""

T = TypeVar("T")

_KEEP_HEADER = "X-Tintype-Keep"
_PRIORITY_HEADER = "X-Tintype-Priority"


@dataclass(frozen=True, slots=True)
class Wish:
    """What headers ask for.

    Attributes:
        key: a second call under it waits for the pictures of the first.
        keeps: the job goes on when its caller leaves.
        is_async: nobody waits; the answer is the job (`Prefer: respond-async`, RFC 7240).
    """

    key: str | None
    keeps: bool
    priority: Priority
    is_async: bool = False


def wish_of(request: Request) -> Wish:
    """What the headers of a call ask for. Raises `InvalidRequest` for what makes no sense."""
    key = checked_key(request.headers.get(KEY_HEADER))
    priority = request.headers.get(_PRIORITY_HEADER, "normal").strip().lower()
    if priority not in PRIORITIES:
        choices = ", ".join(PRIORITIES)
        raise InvalidRequest(_PRIORITY_HEADER, f"{shown(priority)} is not one of {choices}")
    keeps = key is not None or request.headers.get(_KEEP_HEADER, "").strip() == "1"
    return Wish(key, keeps, priority, _prefers_async(request))


async def ended(request: Request, jobs: JobTable, job_id: str, *, keeps: bool) -> JobView:
    """The job at its end, good or interrupted.

    A job nobody will hear of any more is ended, unless it is to be kept.

    Raises:
        CallerLeft: before that.
        WorkerUnavailable: nobody takes the job now; a job that is kept goes on later.
        TintypeError: that of the job, if it has come to no good end.
    """
    ending = asyncio.create_task(jobs.ended(job_id))
    try:
        view = await unless_left(request, ending)
    except WorkerUnavailable as error:
        raise _not_now(error, job_id) if keeps else error from None
    finally:
        if not (keeps or _is_answered(ending)):
            jobs.cancel(job_id)
        ending.cancel()
        await asyncio.gather(ending, return_exceptions=True)
    if view.state != "done" and view.error is not None:
        raise view.error
    return view


async def unless_left(request: Request, coming: "asyncio.Future[T]") -> T:
    """What is waited for, while somebody is there to hear it; what comes is not ended.

    Raises:
        CallerLeft: before it came.
    """
    leaving = asyncio.create_task(_until_left(request))
    try:
        await asyncio.wait({coming, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not coming.done():
            raise CallerLeft
        return coming.result()
    finally:
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)


def server_timing(view: JobView) -> dict[str, str]:
    """Where the time of a finished job went, as browsers' tools show it (W3C Server Timing)."""
    timings = view.timings
    if timings is None:
        return {}
    phases = {
        "encode": timings.encode,
        "denoise": timings.denoise,
        "decode": timings.decode,
        "upscale": timings.upscale,
        "total": timings.total,
    }
    text = ", ".join(f"{name};dur={1000 * seconds:.1f}" for name, seconds in phases.items())
    return {"Server-Timing": text}


def _is_answered(ending: "asyncio.Task[JobView]") -> bool:
    return ending.done() and not ending.cancelled() and ending.exception() is None


def _not_now(error: WorkerUnavailable, job_id: str) -> WorkerUnavailable:
    text = f"{error}; job {job_id} is kept and goes on with the next start"
    return WorkerUnavailable(text, error.retry_after_seconds)


def _prefers_async(request: Request) -> bool:
    wishes = ",".join(request.headers.getlist("Prefer")).split(",")
    return any(wish.partition(";")[0].strip().lower() == ASYNC for wish in wishes)


async def _until_left(request: Request) -> None:
    """Wait until nobody is there any more to hear the answer; the body has been read."""
    while (await request.receive())["type"] != "http.disconnect":
        continue
