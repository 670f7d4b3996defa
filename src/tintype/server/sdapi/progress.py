"""How far the work is, and ending it: the two calls that clients send while another one waits."""

from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter

from tintype.jobs import JobView
from tintype.server.services import ServicesOf

router = APIRouter()

_BEGUN = 0.01  # what A1111 shows before the first step, so that a client sees the job has begun


@router.get("/progress", summary="How far the oldest running job is")
async def progress(services: ServicesOf) -> dict[str, Any]:
    """A1111 knows one job at a time; of those running here it is the one that came first."""
    running = services.jobs.running()
    return _progress_of(running[0]) if running else _idle()


@router.post("/interrupt", summary="End the running jobs; their callers get what is finished")
async def interrupt(services: ServicesOf) -> dict[str, Any]:
    """Waiting jobs are left alone, as A1111 leaves them."""
    for job in services.jobs.running():
        services.jobs.cancel(job.id)
    return {}


def _idle() -> dict[str, Any]:
    return {
        "progress": 0.0,
        "eta_relative": 0.0,
        "state": _state("", 0, "0", 0, 0, 0),
        "current_image": None,
        "textinfo": None,
    }


def _progress_of(job: JobView) -> dict[str, Any]:
    began = datetime.now() - timedelta(seconds=job.running_seconds)
    unfinished = [steps for steps in job.steps_done if steps < job.plan.steps]
    step = max(unfinished, default=job.plan.steps)
    return {
        "progress": min(1.0, _BEGUN + job.fraction),
        "eta_relative": job.remaining_seconds or 0.0,
        "state": _state(
            "scripts_txt2img",
            len(job.plan.seeds),
            began.strftime("%Y%m%d%H%M%S"),
            job.images_done,
            step,
            job.plan.steps,
        ),
        "current_image": None,
        "textinfo": None,
    }


def _state(
    job: str, job_count: int, job_timestamp: str, job_no: int, step: int, steps: int
) -> dict[str, Any]:
    return {
        "skipped": False,
        "interrupted": False,
        "stopping_generation": False,
        "job": job,
        "job_count": job_count,
        "job_timestamp": job_timestamp,
        "job_no": job_no,
        "sampling_step": step,
        "sampling_steps": steps,
    }
