"""Probes: is the process alive, was it ever ready, can it do a job.

They answer from memory, wait for nothing, and say in words why not.
"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tintype.server.seeing.status import worker_of
from tintype.server.services import Services, ServicesOf

router = APIRouter(tags=["health"])

_RETRY = {"Retry-After": "2"}  # seconds, the usual period of a probe


@router.get("/healthz", summary="Is this process alive?")
@router.get("/livez", summary="The same as /healthz")
async def healthz(services: ServicesOf) -> JSONResponse:
    """503 only where nothing but another process helps; a worker that died is no such case."""
    worker = services.worker.view
    if worker.state == "stopped":
        return JSONResponse({"alive": False, "reason": worker.reason}, 503)
    return JSONResponse({"alive": True})


@router.get("/startupz", summary="Was a worker ever ready? 503 and the phase before that")
async def startupz(services: ServicesOf) -> JSONResponse:
    """For how long to wait before the other probes count."""
    worker = services.worker.view
    if services.worker.start_seconds is None:
        body = {"started": False, "phase": worker.state, "reason": worker.reason}
        return JSONResponse(body, 503, _RETRY)
    return JSONResponse({"started": True, "seconds": services.worker.start_seconds})


@router.get("/readyz", summary="Can a worker take a job? 503 and the reason if not")
async def readyz(services: ServicesOf) -> JSONResponse:
    """How the worker and the queue are doing."""
    worker = services.worker.view
    body: dict[str, Any] = {
        "ready": worker.is_ready,
        "reason": worker.reason,
        "worker": worker_of(worker),
        "jobs": _jobs(services),
    }
    return JSONResponse(body) if worker.is_ready else JSONResponse(body, 503, _RETRY)


def _jobs(services: Services) -> dict[str, int]:
    return {"running": services.jobs.running_count, "waiting": services.jobs.waiting_count}
