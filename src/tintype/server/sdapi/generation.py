"""POST /sdapi/v1/txt2img and img2img: blocking calls around a job."""

import asyncio
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tintype.core.requests import Plan
from tintype.jobs import JobTable, Painted
from tintype.server.errors import JOB_HEADER
from tintype.server.sdapi.answers import Finished, render
from tintype.server.sdapi.asking import Asked, asked
from tintype.server.sdapi.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.work import settled
from tintype.server.services import Services, ServicesOf

router = APIRouter()

_CLIENT_CLOSED_REQUEST = 499  # nginx's number; nobody is there to read it


@router.post("/txt2img", summary="Pictures from a prompt; answers when they are finished")
async def txt2img(body: Txt2ImgBody, request: Request, services: ServicesOf) -> Response:
    """Make pictures. A client that leaves takes its job with it."""
    return await _painted(body, request, services)


@router.post("/img2img", summary="Pictures from a picture; answers when they are finished")
async def img2img(body: Img2ImgBody, request: Request, services: ServicesOf) -> Response:
    """Repaint pictures, all of them or under a mask. A client that leaves takes its job with it."""
    return await _painted(body, request, services)


async def _painted(body: GenerationBody, request: Request, services: Services) -> Response:
    understood, plans = await asyncio.to_thread(_settled, body, services)
    job_id = services.jobs.admit(plans)
    request.state.job_id = job_id
    began = datetime.now()
    pictures = await _pictures_unless_left(request, services.jobs, job_id)
    if pictures is None:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    finished = Finished(understood, plans, pictures, began, services.version)
    content = await asyncio.to_thread(render, finished, services.images)
    headers = {JOB_HEADER: job_id} | _server_timing(services.jobs, job_id)
    return Response(content, media_type="application/json", headers=headers)


def _settled(body: GenerationBody, services: Services) -> tuple[Asked, tuple[Plan, ...]]:
    """What is asked for, and the plans for it; may read whole files."""
    understood = asked(body, services.options, services.models, services.draw_seed)
    return understood, settled(understood.work, services.plan)


def _server_timing(jobs: JobTable, job_id: str) -> dict[str, str]:
    """Where the time of a finished job went, as browsers' tools show it (W3C Server Timing)."""
    view = jobs.view(job_id)
    if view is None or view.timings is None:
        return {}
    timings = view.timings
    phases = {
        "encode": timings.encode,
        "denoise": timings.denoise,
        "decode": timings.decode,
        "total": timings.total,
    }
    text = ", ".join(f"{name};dur={1000 * seconds:.1f}" for name, seconds in phases.items())
    return {"Server-Timing": text}


async def _pictures_unless_left(
    request: Request, jobs: JobTable, job_id: str
) -> dict[int, Painted] | None:
    """The pictures of a job by image index, or None if the client is gone; the job then ends."""
    pictures = asyncio.create_task(jobs.pictures(job_id))
    leaving = asyncio.create_task(_until_left(request))
    try:
        await asyncio.wait({pictures, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return pictures.result() if pictures.done() else None
    finally:
        jobs.abandon(job_id)
        pictures.cancel()
        leaving.cancel()
        await asyncio.gather(pictures, leaving, return_exceptions=True)


async def _until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
