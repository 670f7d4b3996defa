"""Stochastic DPM-Solver++: the same integrators on the reverse diffusion, with Brownian noise.

Time is t = -log sigma. `eta` is the share of noise: 0 is the probability flow, 1 all of it.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import exp, expm1, log, sqrt
from typing import Literal

import torch
from torch import Tensor

from tintype.core.noise_levels import float32
from tintype.core.orders import Denoise, Sampler
from tintype.sampling.brownian import Brownian
from tintype.sampling.samplers.dpmpp import exponential_step
from tintype.sampling.samplers.steps import ancestral_split


def dpmpp_sde(
    x: Tensor,
    sigmas: Sequence[float],
    brownian: Brownian,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Sampler:
    """DPM-Solver++ (SDE): one look halfway, whose answer leads over the whole step.

    Source: Lu et al. 2022, arXiv:2211.01095, algorithm 1, made stochastic by k-diffusion.
    """
    for here, there in pairwise(sigmas):
        denoised = yield Denoise(x, here)
        if there == 0:
            return denoised
        start, middle, end = _as_the_path_knows_them(here, there)
        down, up = ancestral_split(start, middle, eta)
        halfway = exponential_step(x, start, down, denoised)
        halfway = halfway + brownian(start, middle) * s_noise * up
        denoised = yield Denoise(halfway, middle)
        down, up = ancestral_split(start, end, eta)
        x = exponential_step(x, start, down, denoised)
        x = x + brownian(start, end) * s_noise * up
    return x


def dpmpp_2m_sde(
    x: Tensor,
    sigmas: Sequence[float],
    brownian: Brownian,
    eta: float = 1.0,
    s_noise: float = 1.0,
    solver: Literal["midpoint", "heun"] = "midpoint",
) -> Sampler:
    """DPM-Solver++ (2M) SDE: linear multistep over two answers.

    Source: Lu et al. 2022, arXiv:2211.01095, made stochastic by k-diffusion.
    """
    last: Tensor | None = None
    last_h = 0.0
    for here, there in pairwise(sigmas):
        denoised = yield Denoise(x, here)
        if there == 0:
            return denoised
        h = log(here) - log(there)
        width = h * (1 + eta)
        share = -expm1(-width)
        x = (there / here) * exp(-eta * h) * x + share * denoised
        if last is not None:
            weight = 1 - share / width if solver == "heun" else share / 2
            x = x + weight * (h / last_h) * (denoised - last)
        if eta:
            x = x + brownian(here, there) * there * sqrt(-expm1(-2 * eta * h)) * s_noise
        last, last_h = denoised, h
    return x


def dpmpp_3m_sde(
    x: Tensor,
    sigmas: Sequence[float],
    brownian: Brownian,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Sampler:
    """DPM-Solver++ (3M) SDE: linear multistep over three answers, fewer while there are fewer.

    Source: k-diffusion's own, after Lu et al. 2022, arXiv:2211.01095.
    """
    past: list[tuple[Tensor, float]] = []  # answers and the widths of the steps behind them
    for here, there in pairwise(sigmas):
        denoised = yield Denoise(x, here)
        if there == 0:
            return denoised
        h = log(here) - log(there)
        width = h * (1 + eta)
        x = exp(-width) * x - expm1(-width) * denoised
        x = x + _bend(denoised, past, h, width)
        if eta:
            x = x + brownian(here, there) * there * sqrt(-expm1(-2 * eta * h)) * s_noise
        past = [(denoised, h), *past[:1]]
    return x


def _bend(
    denoised: Tensor, past: Sequence[tuple[Tensor, float]], h: float, width: float
) -> Tensor | float:
    """What first and second differences of the answers add to a step."""
    if not past:
        return 0.0
    (last, last_h), *older = past
    phi_2 = expm1(-width) / width + 1
    slope = (denoised - last) * (h / last_h)
    if not older:
        return phi_2 * slope
    ((second_last, second_last_h),) = older
    r0, r1 = last_h / h, second_last_h / h
    slope_before = (last - second_last) / r1
    curve = (slope - slope_before) / (r0 + r1)
    phi_3 = phi_2 / width - 0.5
    return phi_2 * (slope + curve * r0) - phi_3 * curve


def _as_the_path_knows_them(here: float, there: float) -> tuple[float, float, float]:
    """Both levels of a step and the one halfway in log sigma.

    k-diffusion sends the levels through float32 logarithms and back, which moves them in the
    seventh digit; the Brownian path can tell.
    """
    start, end = (torch.tensor(level).log() for level in (here, there))
    middle = float32(-start.item()) + float32(0.5 * float32(start.item() - end.item()))
    return start.exp().item(), torch.tensor(-middle).exp().item(), end.exp().item()
