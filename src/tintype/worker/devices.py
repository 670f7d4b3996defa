"""What a worker computes on and how much memory models may take there."""

import os

import torch

from tintype.errors import SetupError

MODEL_SHARE = 0.6  # of the memory for checkpoints; the rest is for passes


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
    if device.type == "cuda":
        _, total = torch.cuda.mem_get_info(device)
    else:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(total * MODEL_SHARE)
