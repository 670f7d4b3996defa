"""How far the work is, and ending it: the calls that clients send while another one waits."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter

from tintype.core.jobs import Preview
from tintype.core.requests import Plan
from tintype.jobs import JobView
from tintype.server.identity import Identity, IdentityOf
from tintype.server.remembering import shown_request
from tintype.server.services import Services, ServicesOf

router = APIRouter()

_BEGUN = 0.01  # what A1111 shows before the first step, so that a client sees the job has begun
_IDLE: dict[str, Any] = {
    "skipped": False,
    "interrupted": False,
    "stopping_generation": False,
    "job": "",
    "job_count": 0,
    "job_timestamp": "0",
    "job_no": 0,
    "sampling_step": 0,
    "sampling_steps": 0,
}


@router.get("/progress", summary="How far the oldest running job is")
async def progress(
    services: ServicesOf,
    identity: IdentityOf,
    skip_current_image: bool = False,  # noqa: FBT001, FBT002
) -> dict[str, Any]:
    """A1111 knows one job at a time; of the caller's own it is the one that came first."""
    running = _own(services, identity)
    if not running:
        return _idle()
    preview = None if skip_current_image else services.jobs.glance(running[0].id)
    shown = None if preview is None else await asyncio.to_thread(_as_text, preview)
    return _progress_of(running[0]) | {"current_image": shown}


@router.post("/interrupt", summary="Finish the running jobs now; their callers get what there is")
async def interrupt(services: ServicesOf, identity: IdentityOf) -> dict[str, Any]:
    """Pictures are decoded as they are; waiting jobs are left alone, as A1111 leaves them."""
    for job in _own(services, identity):
        services.jobs.interrupt(job.id)
    return {}


@router.post("/skip", summary="Finish the batch that the oldest running job works on now")
async def skip(services: ServicesOf, identity: IdentityOf) -> None:
    """The pictures of its first unfinished batch are decoded as they are; the others go on."""
    running = _own(services, identity)
    if running:
        plans = await services.jobs.plans(running[0].id)
        if batch := _first_unfinished(plans, running[0]):
            services.jobs.interrupt(running[0].id, batch)


def _own(services: Services, identity: Identity) -> list[JobView]:
    """The running jobs that are the caller's concern, oldest first."""
    running = services.jobs.running()
    return [job for job in running if identity.may_see(job.owner)]


def _first_unfinished(plans: Sequence[Plan], job: JobView) -> frozenset[int]:
    settled = job.finished | job.interrupted
    return next((batch for batch in _batches(plans) if not batch <= settled), frozenset[int]())


def _batches(plans: Sequence[Plan]) -> Iterator[frozenset[int]]:
    """Images that A1111 would make at once."""
    starts = [image for image, plan in enumerate(plans) if plan.encode_place == 0 or image == 0]
    for start, end in zip(starts, [*starts[1:], len(plans)], strict=True):
        yield frozenset(range(start, end))


def _as_text(preview: Preview) -> str:
    from tintype.imaging import encode_png  # not needed to answer the door

    return b64encode(encode_png(preview.pixels, None)).decode("ascii")


def _idle() -> dict[str, Any]:
    return {
        "progress": 0.0,
        "eta_relative": 0.0,
        "state": _IDLE,
        "current_image": None,
        "textinfo": None,
    }


def _progress_of(job: JobView) -> dict[str, Any]:
    began = datetime.now() - timedelta(seconds=job.running_seconds)
    asked = _steps_asked(job)
    unfinished = [steps for image, steps in enumerate(job.steps) if image not in job.finished]
    begun = [steps for steps in unfinished if steps[1]]
    step, steps = max(begun, default=(asked if job.finished else 0, asked))
    left = frozenset(range(job.images)) - job.finished
    ends_early = bool(job.interrupted) and left <= job.interrupted
    state = _IDLE | {
        "skipped": bool(job.interrupted) and not ends_early,
        "interrupted": ends_early,
        "job": "scripts_img2img" if job.dialect.endswith("img2img") else "scripts_txt2img",
        "job_count": job.images,
        "job_timestamp": began.strftime("%Y%m%d%H%M%S"),
        "job_no": len(job.finished),
        "sampling_step": step,
        "sampling_steps": steps,
    }
    return {
        "progress": min(1.0, _BEGUN + job.fraction),
        "eta_relative": job.remaining_seconds or 0.0,
        "state": state,
        "textinfo": None,
    }


def _steps_asked(job: JobView) -> int:
    steps = shown_request(job.dialect, json.loads(job.request)).get("steps")
    return steps if isinstance(steps, int) else max((total for _, total in job.steps), default=0)
