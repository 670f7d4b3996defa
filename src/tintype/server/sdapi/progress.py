"""How far the work is, and ending it: the calls that clients send while another one waits."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request

from tintype.core.jobs import Preview
from tintype.core.requests import Plan
from tintype.errors import InvalidRequest, shown
from tintype.jobs import JobView
from tintype.server.calls.remembering import shown_request
from tintype.server.sdapi.tasks import only
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import Identity, IdentityOf

router = APIRouter()

NamedTask = Annotated[
    str | None, Query(description="only that task: a force_task_id, or a job's id")
]

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


async def _task_id(request: Request, task_id: NamedTask = None) -> str | None:
    """The task that is meant, from the address or the body; A1111's clients send any body."""
    if task_id:
        return task_id
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        return None
    said = cast("dict[str, object]", body).get("task_id") if isinstance(body, dict) else None
    if said is None or isinstance(said, str):
        return said
    raise InvalidRequest("task_id", f"expected text, got {shown(said)}")


TaskId = Annotated[str | None, Depends(_task_id)]


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
    shown = None if skip_current_image else await _current_image(running[0], services)
    return _progress_of(running[0]) | {"current_image": shown}


@router.post("/interrupt", summary="Finish the running jobs now; their callers get what there is")
async def interrupt(services: ServicesOf, identity: IdentityOf, task_id: TaskId) -> dict[str, Any]:
    """Pictures are decoded as they are; waiting jobs are left alone, as A1111 leaves them.

    With `task_id` that task alone; one that waits is taken out of the queue.
    """
    for job in await _meant(task_id, services, identity):
        if job.state == "queued":
            services.jobs.cancel(job.id)
        services.jobs.interrupt(job.id)
    return {}


@router.post("/skip", summary="Finish the batch that the oldest running job works on now")
async def skip(services: ServicesOf, identity: IdentityOf, task_id: TaskId) -> None:
    """The pictures of its first unfinished batch are decoded as they are; the others go on.

    With `task_id` of that task.
    """
    for job in (await _meant(task_id, services, identity))[:1]:
        plans = await services.jobs.plans(job.id)
        if plans and (batch := _first_unfinished(plans, job)):
            services.jobs.interrupt(job.id, batch)


async def _meant(task_id: str | None, services: Services, identity: Identity) -> list[JobView]:
    """The task that is named, or else the caller's running jobs."""
    if not task_id:
        return _own(services, identity)
    return [only(await services.tasks.find(task_id, identity, services.jobs), task_id)]


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


async def _current_image(job: JobView, services: Services) -> str | None:
    options = services.options.with_overrides({})
    glimpse = services.glimpses.of(job.id, services.jobs, options)
    return None if glimpse is None else await asyncio.to_thread(_as_text, glimpse.preview)


def _as_text(preview: Preview) -> str:
    from tintype.imaging import encode_png  # not needed to answer the door

    return b64encode(encode_png(preview.pixels, None)).decode("ascii")


def _job_name(dialect: str) -> str:
    if dialect.startswith("sdapi/extra") or dialect == "native/upscale":
        return "extras"
    return "scripts_img2img" if dialect.endswith("img2img") else "scripts_txt2img"


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
    request = shown_request(job.dialect, json.loads(job.request))
    asked = _steps_asked(job, request)
    done, batches = _batches_done(job, request)
    unfinished = [steps for image, steps in enumerate(job.steps) if image not in job.finished]
    begun = [steps for steps in unfinished if steps[1]]
    step, steps = max(begun, default=(asked if job.finished else 0, asked))
    left = frozenset(range(job.images)) - job.finished
    ends_early = bool(job.interrupted) and left <= job.interrupted
    state = _IDLE | {
        "skipped": bool(job.interrupted) and not ends_early,
        "interrupted": ends_early,
        "job": _title(job, done, batches),
        "job_count": batches,
        "job_timestamp": began.strftime("%Y%m%d%H%M%S"),
        "job_no": done,
        "sampling_step": step,
        "sampling_steps": steps,
    }
    return {
        "progress": min(1.0, _BEGUN + job.fraction),
        "eta_relative": job.remaining_seconds or 0.0,
        "state": state,
        "textinfo": None,
    }


def _title(job: JobView, done: int, batches: int) -> str:
    if batches > 1:
        return f"Batch {min(done + 1, batches)} out of {batches}"
    return _job_name(job.dialect)


def _batches_done(job: JobView, request: Mapping[str, Any]) -> tuple[int, int]:
    """How many batches are finished, and of how many; A1111 counts jobs so."""
    size = request.get("batch_size")
    size = max(size, 1) if isinstance(size, int) else 1
    starts = range(0, job.images, size)
    batches = [frozenset(range(start, min(start + size, job.images))) for start in starts]
    return sum(batch <= job.finished for batch in batches), len(batches)


def _steps_asked(job: JobView, request: Mapping[str, Any]) -> int:
    steps = request.get("steps")
    return steps if isinstance(steps, int) else max((total for _, total in job.steps), default=0)
