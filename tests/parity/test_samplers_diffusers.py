"""Timestep samplers against diffusers, where its schedulers walk the same way."""

from collections.abc import Callable
from math import sqrt
from typing import Any

import pytest
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_lcm import LCMScheduler
from diffusers.schedulers.scheduling_pndm import PNDMScheduler
from diffusers.schedulers.scheduling_unipc_multistep import UniPCMultistepScheduler
from tests.fakes.denoisers import answer_all
from torch import Tensor

from tintype.core.noise_levels import scaled_linear_levels
from tintype.core.orders import Denoise
from tintype.sampling.lcm_levels import lcm_levels
from tintype.sampling.samplers.lcm import lcm
from tintype.sampling.samplers.timesteps import ddim, ddim_timesteps, plms
from tintype.sampling.samplers.unipc import ContinuousTime, unipc, unipc_moments

LEVELS = scaled_linear_levels()
ALPHAS = LEVELS.alphas_cumprod
SHAPE = (2, 4, 4)
TABLE: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def eps_of(x: Tensor, alpha: float) -> Tensor:
    """A network's estimate of the noise in a latent of unit variance."""
    return x / sqrt(1 - 0.5 * alpha) * 0.9 + 0.1 * torch.sin(3 * x) * alpha


def denoiser(question: Denoise) -> Tensor:
    """The same network, asked in the engine's terms."""
    variance = 1 + question.sigma**2
    return question.x - question.sigma * eps_of(question.x / sqrt(variance), 1 / variance)


def noisy(seed: int = 1) -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


def draws() -> Callable[[], Tensor]:
    generator = torch.Generator().manual_seed(2)
    return lambda: torch.randn(SHAPE, generator=generator)


def walked(scheduler: Any, timesteps: list[int], **options: object) -> Tensor:
    """Where a scheduler of diffusers gets to by itself."""
    x = noisy()
    for timestep in timesteps:
        eps = eps_of(x, float(scheduler.alphas_cumprod[timestep]))
        x = scheduler.step(eps, timestep, x, **options).prev_sample
    return x


@pytest.mark.parametrize("steps", [5, 20, 28])
@pytest.mark.parametrize("eta", [0.0, 0.7])
def test_ddim(steps: int, eta: float) -> None:
    """The same way down to timestep 1, with the same noise; A1111 leaves out the last step."""
    scheduler = DDIMScheduler(**TABLE, clip_sample=False, steps_offset=1)
    scheduler.alphas_cumprod = torch.tensor(ALPHAS)
    scheduler.set_timesteps(steps)
    visited = ddim_timesteps(steps)
    generator = torch.Generator().manual_seed(2)
    down = list(reversed(visited))[:-1]
    wanted = walked(scheduler, down, eta=eta, generator=generator)
    ours = answer_all(ddim(noisy(), visited, ALPHAS, draws(), eta), denoiser)
    torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("steps", [5, 20])
def test_plms(steps: int) -> None:
    """The same way down to timestep 1, with the second timestep asked twice."""
    scheduler: Any = PNDMScheduler(**TABLE, skip_prk_steps=True, steps_offset=1)
    scheduler.alphas_cumprod = torch.tensor(ALPHAS)
    scheduler.set_timesteps(steps)
    wanted = walked(scheduler, scheduler.timesteps.tolist()[:-1])
    ours = answer_all(plms(noisy(), ddim_timesteps(steps), ALPHAS), denoiser)
    torch.testing.assert_close(ours, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # diffusers with NumPy 2
@pytest.mark.parametrize("variant", ["bh1", "bh2"])
@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("lower_order_final", [True, False])
def test_unipc(variant: str, order: int, *, lower_order_final: bool) -> None:
    """The same latent over the same noise levels."""
    moments = unipc_moments(ContinuousTime(ALPHAS), 8)
    options: Any = {"solver_order": order, "solver_type": variant}
    scheduler: Any = UniPCMultistepScheduler(
        **TABLE, **options, lower_order_final=lower_order_final
    )
    scheduler.set_timesteps(8)
    scheduler.sigmas = torch.tensor([m.sigma / m.alpha for m in moments], dtype=torch.float64)
    x = noisy().double()
    for timestep, moment in zip(scheduler.timesteps, moments, strict=False):
        x = scheduler.step(eps_of(x, moment.alpha**2), timestep, x).prev_sample
    sampler = unipc(
        noisy().double(), moments, 1000, order, variant, lower_order_final=lower_order_final
    )
    torch.testing.assert_close(answer_all(sampler, denoiser), x, rtol=1e-4, atol=1e-5)


def test_lcm_boundary_condition() -> None:
    """A single step mixes latent and answer as diffusers does at that timestep."""
    scheduler = LCMScheduler(**TABLE)
    level = lcm_levels(LEVELS).sigmas[0]
    sampler = lcm(noisy(), [level, 0.0], draws(), lcm_levels(LEVELS))
    skip, out = scheduler.get_scalings_for_boundary_condition_discrete(19)
    wanted = skip * noisy() + out * denoiser(Denoise(noisy(), level))
    torch.testing.assert_close(answer_all(sampler, denoiser), wanted)
