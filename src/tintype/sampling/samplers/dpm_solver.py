"""DPM-Solver: exponential integrators of orders 1 to 3 on the noise in the latent.

Time is t = -log sigma; `eps` is the noise an answer leaves, (x - denoised) / sigma.

Source: Lu et al. 2022, arXiv:2206.00927, as k-diffusion adds fresh noise to it.
"""

from collections.abc import Generator
from dataclasses import dataclass
from math import atan, exp, expm1, inf, log, sqrt

import torch
from torch import Tensor

from tintype.core.orders import Denoise, Sampler
from tintype.sampling.noise import Draw
from tintype.sampling.samplers.steps import ancestral_split

_Step = Generator[Denoise, Tensor, Tensor]


def dpm_fast(
    x: Tensor,
    sigma_max: float,
    sigma_min: float,
    evaluations: int,
    draw: Draw,
    eta: float = 1.0,
    s_noise: float = 1.0,
) -> Sampler:
    """DPM-Solver-fast: steps of order 3, and lower ones last, for exactly so many questions.

    Ends at `sigma_min`, not at 0.
    """
    start, end = -log(sigma_max), -log(sigma_min)
    orders = fast_orders(evaluations)
    times = [start + (end - start) * i / len(orders) for i in range(len(orders) + 1)]
    for order, here, there in zip(orders, times, times[1:], strict=False):
        down, up = _split(here, there, end, eta)
        eps = yield from _eps(x, here)
        x = yield from _solver_step(order, x, here, down, eps)
        x = x + draw() * (up * s_noise)
    return x


def dpm_adaptive(
    x: Tensor, sigma_max: float, sigma_min: float, draw: Draw, eta: float = 1.0
) -> Sampler:
    """DPM-Solver-23: steps as wide as the two orders agree. Ends at `sigma_min`, not at 0.

    How many questions it asks depends on the picture alone.
    """
    here, end = -log(sigma_max), -log(sigma_min)
    control = StepControl(order=1.5 if eta else 3.0)
    before = x
    while here < end - 1e-5:
        there = min(end, here + control.h)
        down, up = _split(here, there, end, eta)
        eps = yield from _eps(x, here)
        low, high = yield from _second_and_third(x, here, down, eps)
        if control.accepts(_error(low, high, before)):
            before = low
            x = high + draw() * up
            here = there
    return x


def fast_orders(evaluations: int) -> list[int]:
    """Orders of the steps that ask so many questions together."""
    threes, rest = divmod(evaluations, 3)
    return [3] * threes + [rest] if rest else [3] * (threes - 1) + [2, 1]


@dataclass(slots=True)
class StepControl:
    """Chooses the next step's width from the last one's error; an integral controller.

    Attributes:
        order: by which power of the width the error grows.
        h: width of the next step in log sigma.
    """

    order: float
    h: float = 0.05
    accept_above: float = 0.81

    def accepts(self, error: float) -> bool:
        """Whether the step was good enough; sets the next width either way."""
        factor = 1 + atan((1 / (error + 1e-8)) ** (1 / self.order) - 1)
        self.h *= factor
        return factor >= self.accept_above


def _split(here: float, there: float, end: float, eta: float) -> tuple[float, float]:
    """The time to step to, and the noise that leads back to `there`. No step passes `end`."""
    if eta == 0:
        return there, 0.0
    sigma_down, _ = ancestral_split(exp(-here), exp(-there), eta)
    down = min(end, -log(sigma_down) if sigma_down > 0 else inf)
    return down, sqrt(max(exp(-there) ** 2 - exp(-down) ** 2, 0.0))


def _eps(x: Tensor, time: float) -> _Step:
    return (x - (yield Denoise(x, exp(-time)))) / exp(-time)


def _solver_step(order: int, x: Tensor, here: float, there: float, eps: Tensor) -> _Step:
    if order == 1:
        return _first(x, here, there, eps)
    if order == 2:
        eps_half = yield from _eps_at(1 / 2, x, here, there, eps)
        return _second(x, here, there, eps, eps_half, 1 / 2)
    _, third = yield from _second_and_third(x, here, there, eps)
    return third


def _first(x: Tensor, here: float, there: float, eps: Tensor) -> Tensor:
    return x - exp(-there) * expm1(there - here) * eps


def _second(
    x: Tensor, here: float, there: float, eps: Tensor, eps_ahead: Tensor, share: float
) -> Tensor:
    """`eps_ahead` is the noise at `share` of the way."""
    weight = exp(-there) / (2 * share) * expm1(there - here)
    return _first(x, here, there, eps) - weight * (eps_ahead - eps)


def _eps_at(share: float, x: Tensor, here: float, there: float, eps: Tensor) -> _Step:
    """The noise at `share` of the way, reached by a step of order 1."""
    time = here + share * (there - here)
    return (yield from _eps(_first(x, here, time, eps), time))


def _second_and_third(
    x: Tensor, here: float, there: float, eps: Tensor
) -> Generator[Denoise, Tensor, tuple[Tensor, Tensor]]:
    """The same step by order 2 and by order 3, for two questions."""
    eps_1 = yield from _eps_at(1 / 3, x, here, there, eps)
    time = here + (there - here) * 2 / 3
    bent = _first(x, here, time, eps) - exp(-time) * 2 * _curve(time - here) * (eps_1 - eps)
    eps_2 = yield from _eps(bent, time)
    third = _first(x, here, there, eps)
    third = third - exp(-there) * 1.5 * _curve(there - here) * (eps_2 - eps)
    return _second(x, here, there, eps, eps_1, 1 / 3), third


def _curve(h: float) -> float:
    return expm1(h) / h - 1


def _error(low: Tensor, high: Tensor, before: Tensor) -> float:
    """How far two orders are apart, in units of what is tolerated."""
    tolerated = (0.05 * torch.maximum(low.abs(), before.abs())).clamp(min=0.0078)
    return ((low - high) / tolerated).square().mean().sqrt().item()
