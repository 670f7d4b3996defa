"""Probes: is the process alive, can it do a job."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tintype.server.services import ServicesOf

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is this process alive?")
async def healthz() -> dict[str, bool]:
    """Always true: no answer would be the other one."""
    return {"alive": True}


@router.get("/readyz", summary="Can a worker take a job? 503 and the reason if not")
async def readyz(services: ServicesOf) -> JSONResponse:
    """How the worker and the queue are doing."""
    worker = services.worker.view
    body: dict[str, Any] = {
        "ready": worker.is_ready,
        "reason": worker.reason,
        "worker": {
            "state": worker.state,
            "pid": worker.pid,
            "device": worker.device,
            "restarts": worker.restarts,
        },
        "jobs": {
            "running": services.jobs.running_count,
            "waiting": services.jobs.waiting_count,
        },
    }
    return JSONResponse(body, 200 if worker.is_ready else 503)
