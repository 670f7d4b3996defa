"""What a pass takes: seconds, and memory above what was held before it."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import torch

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # see proc(5): sets the high-water mark to what is resident now


@dataclass(slots=True)
class Taken:
    """Filled in at the end of `measured`.

    Attributes:
        seconds: of wall clock, the device's work included.
        peak_bytes: 0 where nobody looked or the system does not tell.
    """

    seconds: float = 0.0
    peak_bytes: int = 0


@contextmanager
def measured(device: torch.device, *, looks_at_memory: bool) -> Generator[Taken]:
    """Measure what happens inside. On a GPU that waits for the device, so not every pass should.

    Args:
        device: what computes.
        looks_at_memory: also find the highest memory; costs a tenth of a millisecond.
    """
    taken = Taken()
    before = _start(device) if looks_at_memory else 0
    since = perf_counter()
    yield taken
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    taken.seconds = perf_counter() - since
    if looks_at_memory:
        taken.peak_bytes = max(0, _peak(device) - before)


def _start(device: torch.device) -> int:
    """Begin to watch for the highest memory; what is held now, in bytes."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    with suppress(OSError):
        _CLEAR.write_text(_RESET_PEAK)
    return resident_bytes()


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return _resident("VmHWM")


def resident_bytes() -> int:
    """RAM that this process holds; 0 where the system does not tell."""
    return _resident("VmRSS")


def _resident(field: str) -> int:
    with suppress(OSError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    return 0
