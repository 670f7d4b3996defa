"""POST /sdapi/v1/txt2img and img2img: blocking calls around a job."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from tintype.core.requests import Plan
from tintype.server.calls.admitting import admission_for, admitted
from tintype.server.calls.blocking import ended, server_timing, wish_of
from tintype.server.calls.later import ACCEPTED, accepted, begun
from tintype.server.errors import JOB_HEADER
from tintype.server.sdapi.answering.answers import answer_about
from tintype.server.sdapi.asking.asked import Asked, asked
from tintype.server.sdapi.asking.fetching import with_pictures
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.asking.work import settled
from tintype.server.sdapi.options.staying import checked_staying, let_stay
from tintype.server.sdapi.scripts.catalogue import Tab
from tintype.server.sdapi.tasks import checked_name
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import Identity, IdentityOf

router = APIRouter()


class PicturesAnswer(BaseModel):
    """What the calls that make pictures answer."""

    images: list[str] = Field(description="base64 of their files, sheets first")
    parameters: dict[str, Any] = Field(description="the request with its defaults")
    info: str = Field(description="JSON: seeds, prompts, infotexts, what was in force")


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": PicturesAnswer, "description": "The pictures"},
    **ACCEPTED,
}


@router.post(
    "/txt2img",
    summary="Pictures from a prompt; answers when they are finished",
    responses=_ANSWERS,
    response_class=Response,
)
async def txt2img(
    body: Txt2ImgBody, request: Request, services: ServicesOf, identity: IdentityOf
) -> Response:
    """Make pictures.

    A client that leaves takes its job with it, unless it sent `Idempotency-Key` or
    `X-Tintype-Keep: 1`. `X-Tintype-Priority` is interactive, normal or batch. With
    `Prefer: respond-async` the answer is the job, at once; what the call would have answered is
    under its link `answer`.
    """
    return await _painted(body, request, services, identity)


@router.post(
    "/img2img",
    summary="Pictures from a picture; answers when they are finished",
    responses=_ANSWERS,
    response_class=Response,
)
async def img2img(
    body: Img2ImgBody, request: Request, services: ServicesOf, identity: IdentityOf
) -> Response:
    """Repaint pictures, all of them or under a mask. Headers as for `txt2img`."""
    return await _painted(body, request, services, identity)


async def _painted(
    body: GenerationBody, request: Request, services: Services, identity: Identity
) -> Response:
    wish, jobs = wish_of(request), services.jobs
    tab: Tab = "img2img" if isinstance(body, Img2ImgBody) else "txt2img"
    said = body.model_dump(exclude_unset=True)
    name = checked_name(body.force_task_id)
    if wish.is_async:
        view = await begun(tab, said, wish, services, identity)
        services.tasks.name(identity.owner, name, view.id)
        return accepted(view)
    body = await with_pictures(body, services.trust.fetcher)
    understood, plans = await asyncio.to_thread(_settled, body, services, identity)
    dialect = f"sdapi/{tab}"
    admission = await asyncio.to_thread(admission_for, plans, dialect, said, identity, wish)
    job_id = await admitted(admission, request, services, identity)
    services.tasks.name(identity.owner, name, job_id)
    await asyncio.to_thread(let_stay, understood, identity, services.options)
    view = await ended(request, jobs, job_id, keeps=wish.keeps)
    if wish.key is not None:  # perhaps the job of an earlier call, with other seeds
        plans = await jobs.plans(job_id)
    content = await answer_about(view, understood, plans, services)
    headers = {JOB_HEADER: job_id} | server_timing(view)
    return Response(content, media_type="application/json", headers=headers)


def _settled(
    body: GenerationBody, services: Services, identity: Identity
) -> tuple[Asked, tuple[Plan, ...]]:
    """What is asked for, and the plans for it; may read whole files."""
    understood = asked(body, services.options, services.models, services.draw_seed)
    understood = checked_staying(understood, identity)
    return understood, settled(understood.work, services.plan)
