"""What a worker computes on and how much memory models may take there."""

import ctypes
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import torch

from tintype.core.jobs import CudaMemory
from tintype.core.settings import Lodging
from tintype.engine import resident_bytes
from tintype.errors import SetupError
from tintype.networks import Part

MODEL_SHARE = 0.6  # of the memory for checkpoints; the rest is for passes
SHELF_SHARE = 0.5  # of RAM for those that left a GPU
_GROUP_FILES = ("max", "current")  # of cgroup v2


def device_called(name: str) -> torch.device:
    """The device of a `--device` value: "auto", "cpu" or "cuda:N". Raises `SetupError`."""
    if name == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    if name == "cpu":
        return torch.device("cpu")
    found = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    wanted = "cuda:0" if name == "cuda" else name
    if wanted not in found:
        there = ", ".join(["auto", "cpu", *found])
        raise SetupError(f"--device {name}: there is no such device here. There are: {there}")
    return torch.device(wanted)


def dtype_for(device: torch.device) -> torch.dtype:
    """What networks compute in: float32 on a CPU, float16 on a GPU."""
    return torch.float32 if device.type == "cpu" else torch.float16


def model_budget_bytes(device: torch.device) -> int:
    """Memory that resident checkpoints may fill."""
    return int(memory_of(device)[1] * MODEL_SHARE)


def shelf_bytes(device: torch.device) -> int:
    """RAM for checkpoints that had to leave the device; none where RAM is the device."""
    return 0 if device.type == "cpu" else int(_all_memory() * SHELF_SHARE)


def lodging_for(parts: Mapping[Part, int], device: torch.device, budget_bytes: int) -> Lodging:
    """How a checkpoint fits on a device: whole, or part by part, or even the U-Net in stages.

    Where RAM is the device, one part at a time saves little beside the copy it is made from.

    Args:
        parts: what each of its parts takes.
        device: where it computes.
        budget_bytes: what checkpoints may take there.
    """
    if sum(parts.values()) <= budget_bytes:
        return "resident"
    if device.type != "cpu" and max(parts.values()) <= budget_bytes:
        return "parts"
    return "streamed"


def memory_of(device: torch.device) -> tuple[int, int]:
    """Bytes this process holds, of the GPU's memory or in RAM, and bytes there are."""
    if device.type == "cuda":
        _, total = torch.cuda.mem_get_info(device)
        return torch.cuda.memory_reserved(device), total
    return resident_bytes(), _all_memory()


def cuda_memory_of(device: torch.device) -> CudaMemory | None:
    """A GPU's memory as torch and its driver count it; None for other devices."""
    if device.type != "cuda":
        return None
    free, total = torch.cuda.mem_get_info(device)
    stats: dict[str, int] = torch.cuda.memory_stats(device)

    def pair(name: str) -> tuple[int, int]:
        key = f"{name}_bytes.all"
        return stats.get(f"{key}.current", 0), stats.get(f"{key}.peak", 0)

    return CudaMemory(
        free_bytes=free,
        total_bytes=total,
        active_bytes=pair("active"),
        allocated_bytes=pair("allocated"),
        reserved_bytes=pair("reserved"),
        inactive_bytes=pair("inactive_split"),
        retries=stats.get("num_alloc_retries", 0),
        out_of_memory=stats.get("num_ooms", 0),
    )


def free_bytes(device: torch.device) -> int:
    """Memory that a pass may take just now: what nobody holds, and what torch holds unused."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return min((_available(), *_left_to_group()))


def give_back_unused() -> None:
    """Have the C library give the system the memory it holds for later; glibc alone knows how."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _all_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _available() -> int:
    """What the system could give without swapping; all there is where it does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return int(lines["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return _all_memory()


def _left_to_group() -> tuple[int, ...]:
    """What the control group (of a container) still allows, if it has a bound."""
    try:
        most, held = (Path(f"/sys/fs/cgroup/memory.{name}").read_text() for name in _GROUP_FILES)
        return (int(most) - int(held),)
    except (OSError, ValueError):  # none, or "max"
        return ()
