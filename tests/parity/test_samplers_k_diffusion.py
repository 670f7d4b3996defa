"""Samplers and schedules against recorded results of k-diffusion; see tests/golden/k_diffusion."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fakes.denoisers import answer_all
from torch import Tensor

from tintype.core.orders import Denoise, Sampler
from tintype.sampling.samplers.dpm2 import dpm2, dpm2_ancestral
from tintype.sampling.samplers.dpm_solver import dpm_adaptive, dpm_fast
from tintype.sampling.samplers.dpmpp import dpmpp_2m, dpmpp_2s_ancestral
from tintype.sampling.samplers.euler import euler, euler_ancestral, heun
from tintype.sampling.samplers.lms import lms
from tintype.sampling.samplers.sde import dpmpp_2m_sde, dpmpp_3m_sde, dpmpp_sde
from tintype.sampling.samplers.steps import Churn
from tintype.sampling.schedules import exponential_sigmas, karras_sigmas, polyexponential_sigmas

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/k_diffusion/results.json").read_text())
CASES: list[dict[str, Any]] = GOLDEN["samplers"]
SHAPE = (2, 4, 4)
LOW, HIGH = 0.03, 14.6


def bent(question: Denoise) -> Tensor:
    """The toy denoiser of the recording."""
    x, sigma = question.x, torch.tensor(question.sigma)
    return x * (0.49 / (0.49 + sigma**2)) + 0.1 * torch.sin(3 * x) / (1 + sigma**2)


def latent(scale: float) -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(1)) * scale


def draws() -> Callable[[], Tensor]:
    generator = torch.Generator().manual_seed(2)
    return lambda: torch.randn(SHAPE, generator=generator)


def path(sigma: float, sigma_next: float) -> Tensor:
    places = torch.arange(32, dtype=torch.float64).view(SHAPE)
    return torch.cos(places * 1.7 + sigma + 2 * sigma_next).float() * 1.4


def churn(options: dict[str, float]) -> Churn:
    if not options:
        return Churn()
    return Churn(options["s_churn"], options["s_tmin"], options["s_tmax"], options["s_noise"])


def run(case: dict[str, Any]) -> Tensor:
    name, steps, options = case["sampler"], case["steps"], dict(case["options"])
    if name == "dpm_fast":
        return answer_all(dpm_fast(latent(HIGH), HIGH, LOW, steps, draws(), **options), bent)
    if name == "dpm_adaptive":
        return answer_all(dpm_adaptive(latent(HIGH), HIGH, LOW, draws(), **options), bent)
    sigmas = karras_sigmas(steps, LOW, HIGH)
    x = latent(sigmas[0])
    if "solver_type" in options:
        options["solver"] = options.pop("solver_type")
    churning: dict[str, Callable[..., Sampler]] = {"euler": euler, "heun": heun, "dpm_2": dpm2}
    plain: dict[str, Callable[..., Sampler]] = {"dpmpp_2m": dpmpp_2m, "lms": lms}
    drawing: dict[str, Callable[..., Sampler]] = {
        "euler_ancestral": euler_ancestral,
        "dpm_2_ancestral": dpm2_ancestral,
        "dpmpp_2s_ancestral": dpmpp_2s_ancestral,
    }
    brownian: dict[str, Callable[..., Sampler]] = {
        "dpmpp_sde": dpmpp_sde,
        "dpmpp_2m_sde": dpmpp_2m_sde,
        "dpmpp_3m_sde": dpmpp_3m_sde,
    }
    if name in plain:
        return answer_all(plain[name](x, sigmas), bent)
    if name in churning:
        return answer_all(churning[name](x, sigmas, draws(), churn(options)), bent)
    if name in drawing:
        return answer_all(drawing[name](x, sigmas, draws(), **options), bent)
    return answer_all(brownian[name](x, sigmas, path, **options), bent)


def title(case: dict[str, Any]) -> str:
    options = "-".join(f"{key}={value}" for key, value in case["options"].items())
    return f"{case['sampler']}-{case['steps']}-{options}"


@pytest.mark.parametrize("case", CASES, ids=title)
def test_ends_where_k_diffusion_ends(case: dict[str, Any]) -> None:
    """The same latent but for rounding: k-diffusion's coefficients are float32, ours float64."""
    wanted = torch.tensor(case["latent"]).view(SHAPE)
    torch.testing.assert_close(run(case), wanted, rtol=2e-5, atol=3e-5)


@pytest.mark.parametrize("name", GOLDEN["schedules"])
def test_same_levels_as_k_diffusion(name: str) -> None:
    """Schedules have the same float32 levels, or their neighbours."""
    schedules: dict[str, Callable[[int], list[float]]] = {
        "karras": lambda n: karras_sigmas(n, LOW, HIGH),
        "exponential": lambda n: exponential_sigmas(n, LOW, HIGH),
        "polyexponential": lambda n: polyexponential_sigmas(n, LOW, HIGH, 1.3),
    }
    for steps, wanted in GOLDEN["schedules"][name].items():
        assert schedules[name](int(steps)) == pytest.approx(wanted, rel=2e-7)
