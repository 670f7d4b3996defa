"""The calls about jobs: make one, look, list, end, hasten."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from tintype.errors import InvalidRequest, NotNow, UnknownJob
from tintype.jobs import FINAL, JobView, State
from tintype.server.calls.admitting import admitted
from tintype.server.calls.idempotency import KeyOf, checked_key, fingerprint
from tintype.server.errors import JOB_HEADER
from tintype.server.native.jobs.admitting import admission_of
from tintype.server.native.jobs.answers import (
    JobAnswer,
    JobsAnswer,
    job_answer,
    job_link,
)
from tintype.server.native.jobs.fields import JobBody
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import Identity, IdentityOf

router = APIRouter()

JobId = Annotated[str, Path(description="id of a job")]

_REPLAYED = "Idempotent-Replayed"
_MOST_LISTED = 200
_PAGE = 500
_UNFINISHED: tuple[State, ...] = ("queued", "running", "parked")
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    200: {"model": JobAnswer, "description": "The job this key has made before"},
    409: {"description": "The job is in a state that does not allow it"},
    429: {"description": "The queue is full; Retry-After says when to come back"},
    503: {"description": "Nobody can compute just now"},
}


async def own_job(job_id: str, services: Services, identity: Identity) -> JobView:
    """A job the caller may see. Raises `UnknownJob`, also for somebody else's."""
    view = await services.jobs.view(job_id)
    if view is None or not identity.may_see(view.owner):
        raise UnknownJob(job_id)
    return view


@router.post(
    "/jobs",
    status_code=202,
    summary="Make a job",
    response_model=JobAnswer,
    responses=_ACCEPTED,
)
async def make_job(
    body: JobBody,
    request: Request,
    services: ServicesOf,
    identity: IdentityOf,
    idempotency_key: KeyOf = None,
) -> Response:
    """Answers at once; the job goes on whether anybody stays or not. It is on disk by then."""
    key = checked_key(idempotency_key)
    if key is not None:
        mark = await asyncio.to_thread(fingerprint, body.model_dump())
        if (first := await services.jobs.known_as(identity.owner, key, mark)) is not None:
            return replayed(await own_job(first, services, identity))
    if body.webhook is not None:
        await services.webhooks.check(body.webhook)
    admission = await admission_of(body, services, identity.owner, key)
    job_id = await admitted(admission, request, services, identity)
    return made(await own_job(job_id, services, identity))


@router.get("/jobs", summary="List jobs, the newest first", response_model=JobsAnswer)
async def list_jobs(
    services: ServicesOf,
    identity: IdentityOf,
    state: Annotated[State | None, Query(description="only those in this state")] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTED, description="how many at most")] = 50,
    before: Annotated[
        float | None, Query(description="only those made before, Unix seconds", allow_inf_nan=False)
    ] = None,
) -> JobsAnswer:
    """One's own; everybody's for those who may manage."""
    owner = None if identity.manages else identity.owner
    views = await services.jobs.views(owner, state, limit, before)
    last = views[-1].created if len(views) == limit else None
    return JobsAnswer(jobs=[job_answer(view) for view in views], next=last)


@router.delete("/jobs", summary="End all of one's own jobs")
async def end_jobs(
    services: ServicesOf,
    identity: IdentityOf,
    mine: Annotated[bool, Query(description="has to be true, so that nobody does it unawares")],
) -> dict[str, int]:
    """Queued, running and parked ones are cancelled; finished ones stay as they are."""
    if not mine:
        raise InvalidRequest("mine", "expected true")
    ids = [job_id async for job_id in _unfinished(services, identity.owner)]
    for job_id in ids:
        services.jobs.cancel(job_id)
    return {"cancelled": len(ids)}


@router.get("/jobs/{job_id}", summary="Look at a job", response_model=JobAnswer)
async def look_at_job(job_id: JobId, services: ServicesOf, identity: IdentityOf) -> Response:
    """Its state, place, progress, times, links, and what was asked for."""
    return _answer(await own_job(job_id, services, identity))


@router.delete("/jobs/{job_id}", status_code=204, summary="End a job, or forget a finished one")
async def delete_job(job_id: JobId, services: ServicesOf, identity: IdentityOf) -> None:
    """A job that is not over is cancelled; one that is over is forgotten with its pictures."""
    view = await own_job(job_id, services, identity)
    if view.state in FINAL:
        await services.jobs.delete(job_id)
    else:
        services.jobs.cancel(job_id)


@router.post("/jobs/{job_id}/cancel", summary="End a job", response_model=JobAnswer)
async def cancel_job(job_id: JobId, services: ServicesOf, identity: IdentityOf) -> Response:
    """At once if it waits, at its next step if it runs. One that is over stays as it is."""
    await own_job(job_id, services, identity)
    services.jobs.cancel(job_id)
    return await _as_it_is(job_id, services, identity)


@router.post(
    "/jobs/{job_id}/interrupt",
    summary="Finish a job now, with what there is",
    response_model=JobAnswer,
)
async def interrupt_job(
    job_id: JobId,
    services: ServicesOf,
    identity: IdentityOf,
    image: Annotated[
        list[int] | None, Query(description="only these images, by number; may come several times")
    ] = None,
) -> Response:
    """What its images have become is decoded as it is; those not begun are left out.

    A job at rest stays as it is.
    """
    view = await own_job(job_id, services, identity)
    if view.state == "queued":
        raise NotNow("the job has not begun, so there is nothing to finish; cancel it instead")
    for number in image or ():
        check_image(view, number)
    services.jobs.interrupt(job_id, None if image is None else frozenset(image))
    return await _as_it_is(job_id, services, identity)


@router.post(
    "/jobs/{job_id}/promote",
    summary="Finish a draft",
    response_model=JobAnswer,
    responses={409: _ACCEPTED[409]},
)
async def promote_job(job_id: JobId, services: ServicesOf, identity: IdentityOf) -> Response:
    """A parked draft goes back into the queue and is painted to the end, from where it was."""
    view = await own_job(job_id, services, identity)
    if view.state != "parked":
        raise NotNow(f"only a parked draft can be promoted; this job is {view.state}")
    await services.jobs.promote(job_id)
    return await _as_it_is(job_id, services, identity)


def check_image(view: JobView, image: int) -> None:
    """Raise `InvalidRequest` unless the job has an image of that number."""
    if not 0 <= image < view.images:
        raise InvalidRequest("image", f"expected a number from 0 to {view.images - 1}, got {image}")


def made(view: JobView) -> Response:
    """The answer to who has made a job."""
    return _answer(view, 202, Location=job_link(view.id))


def replayed(view: JobView) -> Response:
    """The answer to who has made this job before, with the same key."""
    return _answer(view, 200, **{_REPLAYED: "true"})


async def _as_it_is(job_id: str, services: Services, identity: Identity) -> Response:
    return _answer(await own_job(job_id, services, identity))


def _answer(view: JobView, status: int = 200, **headers: str) -> Response:
    content = job_answer(view, with_request=True).model_dump(mode="json")
    return JSONResponse(content, status, {JOB_HEADER: view.id, **headers})


async def _unfinished(services: Services, owner: str) -> AsyncGenerator[str]:
    for state in _UNFINISHED:
        before = None
        while views := await services.jobs.views(owner, state, _PAGE, before):
            for view in views:
                yield view.id
            before = views[-1].created
