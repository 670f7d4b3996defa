"""Schedules against recorded levels of ComfyUI; see tests/golden/comfyui."""

import json
from collections.abc import Callable
from math import log
from pathlib import Path

import pytest

from tintype.core.noise_levels import NoiseLevels, float32
from tintype.sampling.schedules import (
    ddim_sigmas,
    exponential_sigmas,
    karras_sigmas,
    normal_sigmas,
    sgm_uniform_sigmas,
    simple_sigmas,
)

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/comfyui/sigmas.json").read_text())
TABLE: list[float] = GOLDEN["table"]
LOW, HIGH = TABLE[0], TABLE[-1]


def recorded_levels() -> NoiseLevels:
    logs = tuple(float32(log(sigma)) for sigma in TABLE)
    return NoiseLevels(tuple(1 / (1 + sigma**2) for sigma in TABLE), tuple(TABLE), logs)


LEVELS = recorded_levels()
SCHEDULES: dict[str, Callable[[int], list[float]]] = {
    "simple": lambda n: simple_sigmas(n, LEVELS),
    "sgm_uniform": lambda n: sgm_uniform_sigmas(n, LEVELS, LOW, HIGH),
    "karras": lambda n: karras_sigmas(n, LOW, HIGH),
    "exponential": lambda n: exponential_sigmas(n, LOW, HIGH),
    "ddim_uniform": lambda n: ddim_sigmas(n, LEVELS),
    "normal": lambda n: normal_sigmas(n, LEVELS, LOW, HIGH),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_same_levels(name: str) -> None:
    """For 1 to 50 steps the levels are ComfyUI's, within four of float32's last places."""
    for steps, wanted in GOLDEN["schedules"][name].items():
        assert SCHEDULES[name](int(steps)) == pytest.approx(wanted, rel=5e-7)
