"""POST /sdapi/v1/txt2img and img2img: blocking calls around a job."""

import asyncio
import json
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tintype.core.jobs import PRIORITIES, Admission, Priority
from tintype.core.requests import Plan
from tintype.errors import InvalidRequest, WorkerUnavailable, shown
from tintype.jobs import JobTable, JobView
from tintype.server.errors import JOB_HEADER
from tintype.server.idempotency import KEY_HEADER, checked_key, fingerprint
from tintype.server.identity import Identity, IdentityOf
from tintype.server.remembering import without_pictures
from tintype.server.sdapi.answers import answer_about
from tintype.server.sdapi.asking import Asked, asked
from tintype.server.sdapi.fetching import with_pictures
from tintype.server.sdapi.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.work import settled
from tintype.server.services import Services, ServicesOf

router = APIRouter()

_KEEP_HEADER = "X-Tintype-Keep"
_PRIORITY_HEADER = "X-Tintype-Priority"
_CLIENT_CLOSED_REQUEST = 499  # nginx's number; nobody is there to read it


@dataclass(frozen=True, slots=True)
class _Wish:
    """What headers ask for.

    Attributes:
        key: a second call under it waits for the pictures of the first.
        keeps: the job goes on when its caller leaves.
    """

    key: str | None
    keeps: bool
    priority: Priority


@router.post("/txt2img", summary="Pictures from a prompt; answers when they are finished")
async def txt2img(
    body: Txt2ImgBody, request: Request, services: ServicesOf, identity: IdentityOf
) -> Response:
    """Make pictures.

    A client that leaves takes its job with it, unless it sent `Idempotency-Key` or
    `X-Tintype-Keep: 1`. `X-Tintype-Priority` is interactive, normal or batch.
    """
    return await _painted(body, request, services, identity)


@router.post("/img2img", summary="Pictures from a picture; answers when they are finished")
async def img2img(
    body: Img2ImgBody, request: Request, services: ServicesOf, identity: IdentityOf
) -> Response:
    """Repaint pictures, all of them or under a mask. Headers as for `txt2img`."""
    return await _painted(body, request, services, identity)


async def _painted(
    body: GenerationBody, request: Request, services: Services, identity: Identity
) -> Response:
    wish, jobs = _wish_of(request), services.jobs
    sent, body = body, await with_pictures(body, services.trust.fetcher)
    understood, plans = await asyncio.to_thread(_settled, body, services)
    admission = await asyncio.to_thread(_admission, sent, plans, identity, wish)
    job_id = await services.trust.quotas.admit(jobs, identity, admission)
    request.state.job_id = job_id
    view = await _ended_unless_left(request, jobs, job_id, keeps=wish.keeps)
    if view is None:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    if view.state != "done" and view.error is not None:
        raise view.error
    if wish.key is not None:  # perhaps the job of an earlier call, with other seeds
        plans = await jobs.plans(job_id)
    content = await answer_about(view, understood, plans, services)
    headers = {JOB_HEADER: job_id} | _server_timing(view)
    return Response(content, media_type="application/json", headers=headers)


def _wish_of(request: Request) -> _Wish:
    key = checked_key(request.headers.get(KEY_HEADER))
    priority = request.headers.get(_PRIORITY_HEADER, "normal").strip().lower()
    if priority not in PRIORITIES:
        choices = ", ".join(PRIORITIES)
        raise InvalidRequest(_PRIORITY_HEADER, f"{shown(priority)} is not one of {choices}")
    keeps = key is not None or request.headers.get(_KEEP_HEADER, "").strip() == "1"
    return _Wish(key, keeps, priority)


def _settled(body: GenerationBody, services: Services) -> tuple[Asked, tuple[Plan, ...]]:
    """What is asked for, and the plans for it; may read whole files."""
    understood = asked(body, services.options, services.models, services.draw_seed)
    return understood, settled(understood.work, services.plan)


def _admission(
    body: GenerationBody, plans: tuple[Plan, ...], identity: Identity, wish: _Wish
) -> Admission:
    tab = "img2img" if isinstance(body, Img2ImgBody) else "txt2img"
    told = body.model_dump(exclude_unset=True)
    return Admission(
        plans,
        owner=identity.owner,
        dialect=f"sdapi/{tab}",
        request=json.dumps(without_pictures(told)).encode(),
        priority=wish.priority,
        idempotency_key=wish.key,
        fingerprint=fingerprint([tab, told]),
    )


def _server_timing(view: JobView) -> dict[str, str]:
    """Where the time of a finished job went, as browsers' tools show it (W3C Server Timing)."""
    timings = view.timings
    if timings is None:
        return {}
    phases = {
        "encode": timings.encode,
        "denoise": timings.denoise,
        "decode": timings.decode,
        "total": timings.total,
    }
    text = ", ".join(f"{name};dur={1000 * seconds:.1f}" for name, seconds in phases.items())
    return {"Server-Timing": text}


async def _ended_unless_left(
    request: Request, jobs: JobTable, job_id: str, *, keeps: bool
) -> JobView | None:
    """The job at its end, or None if the client is gone.

    A job nobody will hear of any more is ended, unless it is to be kept.
    """
    ended = asyncio.create_task(jobs.ended(job_id))
    leaving = asyncio.create_task(_until_left(request))
    try:
        await asyncio.wait({ended, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return ended.result() if ended.done() else None
    except WorkerUnavailable as error:
        raise _not_now(error, job_id) if keeps else error from None
    finally:
        if not (keeps or _is_answered(ended)):
            jobs.cancel(job_id)
        ended.cancel()
        leaving.cancel()
        await asyncio.gather(ended, leaving, return_exceptions=True)


def _is_answered(ended: "asyncio.Task[JobView]") -> bool:
    return ended.done() and not ended.cancelled() and ended.exception() is None


def _not_now(error: WorkerUnavailable, job_id: str) -> WorkerUnavailable:
    text = f"{error}; job {job_id} is kept and goes on with the next start"
    return WorkerUnavailable(text, error.retry_after_seconds)


async def _until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
