"""How much memory the server takes: both of its processes in RAM, the worker's on a GPU."""

import os
import resource
import sys
from typing import Any

from fastapi import APIRouter

from tintype.core.jobs import CudaMemory, Tally
from tintype.server.services import Services, ServicesOf

router = APIRouter()


@router.get("/memory", summary="The memory this server takes, in bytes")
async def memory(services: ServicesOf) -> dict[str, Any]:
    """RAM of front and worker together; CUDA as the worker last told of it."""
    return {"ram": ram_of(services), "cuda": _cuda(services)}


def ram_of(services: Services) -> dict[str, int]:
    """Bytes of RAM: what front and worker hold together, what there is, and the difference."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    used = held_bytes(os.getpid()) + held_bytes(services.worker.view.pid)
    return {"free": total - used, "used": used, "total": total}


def held_bytes(pid: int | None) -> int:
    """What a process holds in RAM; 0 for none. Where there is no /proc, our own highest is told."""
    if pid is None:
        return 0
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return _own_peak() if pid == os.getpid() else 0


def _own_peak() -> int:
    unit = 1 if sys.platform == "darwin" else 1024  # what ru_maxrss counts in
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _cuda(services: Services) -> dict[str, Any]:
    device = services.worker.view.device
    tally = services.worker.tally or Tally()
    if tally.cuda is None:
        return {"error": "unavailable" if device is None else f"the worker computes on {device}"}
    return _stats(tally.cuda)


def _stats(cuda: CudaMemory) -> dict[str, Any]:
    used = cuda.total_bytes - cuda.free_bytes
    return {
        "system": {"free": cuda.free_bytes, "used": used, "total": cuda.total_bytes},
        "active": _pair(cuda.active_bytes),
        "allocated": _pair(cuda.allocated_bytes),
        "reserved": _pair(cuda.reserved_bytes),
        "inactive": _pair(cuda.inactive_bytes),
        "events": {"retries": cuda.retries, "oom": cuda.out_of_memory},
    }


def _pair(now_and_peak: tuple[int, int]) -> dict[str, int]:
    return {"current": now_and_peak[0], "peak": now_and_peak[1]}
