"""The memory of a GPU in A1111's words, without a GPU."""

import asyncio
import os
from types import SimpleNamespace
from typing import Any, cast

from tintype.core.jobs import CudaMemory, Tally
from tintype.server.sdapi.memory import held_bytes, memory
from tintype.server.services import Services

CUDA = CudaMemory(6, 24, (1, 2), (3, 4), (5, 6), (7, 8), retries=9, out_of_memory=10)


def told(device: str | None, tally: Tally | None) -> dict[str, Any]:
    view = SimpleNamespace(pid=None, device=device)
    services = SimpleNamespace(worker=SimpleNamespace(view=view, tally=tally))
    return asyncio.run(memory(cast("Services", services)))["cuda"]


def test_a_gpu_is_told_of_as_a1111_tells() -> None:
    """Each count with its peak, and what went wrong."""
    assert told("cuda:0", Tally(cuda=CUDA)) == {
        "system": {"free": 6, "used": 18, "total": 24},
        "active": {"current": 1, "peak": 2},
        "allocated": {"current": 3, "peak": 4},
        "reserved": {"current": 5, "peak": 6},
        "inactive": {"current": 7, "peak": 8},
        "events": {"retries": 9, "oom": 10},
    }


def test_without_a_gpu_it_is_said_why() -> None:
    """No worker yet, or one that computes elsewhere."""
    assert told(None, None) == {"error": "unavailable"}
    assert told("cpu", Tally()) == {"error": "the worker computes on cpu"}


def test_processes_that_are_gone_hold_nothing() -> None:
    """And our own does."""
    assert held_bytes(None) == held_bytes(2**22 + 1) == 0
    assert held_bytes(os.getpid()) > 2**20
