"""POST /sdapi/v1/txt2img: a blocking call around a job."""

import asyncio
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tintype.core.jobs import Pixels
from tintype.core.requests import Request as PictureRequest
from tintype.errors import InvalidRequest
from tintype.jobs import JobTable
from tintype.server.errors import JOB_HEADER
from tintype.server.sdapi.answers import Finished, render
from tintype.server.sdapi.fields import Txt2ImgBody
from tintype.server.sdapi.options import Options
from tintype.server.sdapi.unsupported import refuse_unsupported
from tintype.server.services import ServicesOf

router = APIRouter()

_CLIENT_CLOSED_REQUEST = 499  # nginx's number; nobody is there to read it


@router.post("/txt2img", summary="Pictures from a prompt; answers when they are finished")
async def txt2img(body: Txt2ImgBody, request: Request, services: ServicesOf) -> Response:
    """Make pictures. A client that leaves takes its job with it."""
    asked = picture_request(body, services.options)
    plan = await asyncio.to_thread(services.plan, asked)
    job_id = services.jobs.admit(plan)
    request.state.job_id = job_id
    began = datetime.now()
    pictures = await _pictures_unless_left(request, services.jobs, job_id)
    if pictures is None:
        return Response(status_code=_CLIENT_CLOSED_REQUEST)
    subseed = services.draw_seed() if body.subseed == -1 else body.subseed
    finished = Finished(body, plan, pictures, subseed, began, services.version)
    content = await asyncio.to_thread(render, finished, services.images)
    headers = {JOB_HEADER: job_id} | _server_timing(services.jobs, job_id)
    return Response(content, media_type="application/json", headers=headers)


def picture_request(body: Txt2ImgBody, options: Options) -> PictureRequest:
    """A1111's words in ours.

    Raises:
        InvalidRequest: a field asks for what is not there yet, or has no sense.
        UnknownName: the sampler or an option is not known.
    """
    refuse_unsupported(body)
    chosen = options.with_overrides(body.override_settings or {})
    return PictureRequest(
        prompt=body.prompt,
        negative_prompt=body.negative_prompt,
        seed=body.seed,
        steps=body.steps,
        cfg_scale=body.cfg_scale,
        width=body.width,
        height=body.height,
        sampler=body.sampler,
        schedule=body.scheduler,
        images=_count("batch_size", body.batch_size) * _count("n_iter", body.n_iter),
        clip_skip=chosen.clip_skip,
        checkpoint=chosen.checkpoint,
    )


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


def _count(field: str, value: int) -> int:
    if value < 1:
        raise InvalidRequest(field, f"{value} is not 1 or more")
    return value


async def _pictures_unless_left(
    request: Request, jobs: JobTable, job_id: str
) -> dict[int, Pixels] | None:
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
