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


@router.post("/skip", summary="End the oldest running job; its caller gets what is finished")
async def skip(services: ServicesOf) -> None:
    """A1111 ends the batch it works on. Here all batches of a job are worked on at once."""
    running = services.jobs.running()
    if running:
        services.jobs.cancel(running[0].id)


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
    asked = job.plans[0].settings.steps
    unfinished = [(done, total) for done, total in job.steps if done < total]
    step, steps = max(unfinished, default=(0, asked) if job.images_done == 0 else (asked, asked))
    return {
        "progress": min(1.0, _BEGUN + job.fraction),
        "eta_relative": job.remaining_seconds or 0.0,
        "state": _state(
            "scripts_txt2img",
            len(job.plans),
            began.strftime("%Y%m%d%H%M%S"),
            job.images_done,
            step,
            steps,
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
