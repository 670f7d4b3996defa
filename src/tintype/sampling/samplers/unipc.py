"""UniPC: a multistep predictor, corrected by the answer the next step needs anyway.

Works on the denoised picture, in continuous time 0 … 1 with log ᾱ interpolated between the
network's timesteps: timestep k is at (k + 1) / 1000. λ = log(α / σ), x = α · picture + σ · noise.

Source: Zhao et al. 2023, arXiv:2302.04867.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from math import exp, expm1, factorial, log, sqrt
from typing import Protocol, cast

import numpy as np
from torch import Tensor

from tintype.core.orders import Denoise, Sampler


class _Weights(Protocol):
    """Weights of the differences to earlier answers, without or with the one at the step's end."""

    def __call__(self, ratios: Sequence[float], hh: float, *, corrects: bool) -> list[float]: ...


@dataclass(frozen=True, slots=True)
class Moment:
    """A place on the way.

    Attributes:
        time: 0 … 1.
        alpha: scale of the picture.
        sigma: scale of the noise.
        log_snr: λ, their ratio's logarithm; rises on the way.
    """

    time: float
    alpha: float
    sigma: float
    log_snr: float


class ContinuousTime:
    """The network's table read as a function of time.

    Args:
        alphas_cumprod: ᾱ at each timestep.
    """

    def __init__(self, alphas_cumprod: Sequence[float]) -> None:
        self.timesteps = len(alphas_cumprod)
        self._times = np.arange(1, self.timesteps + 1) / self.timesteps
        self._log_alphas = 0.5 * np.log(np.asarray(alphas_cumprod))

    @property
    def first(self) -> float:
        """Where all ways end: timestep 0."""
        return 1 / self.timesteps

    def at(self, time: float) -> Moment:
        """All there is to know about a time."""
        log_alpha = float(np.interp(time, self._times, self._log_alphas))
        alpha, sigma = exp(log_alpha), sqrt(1 - exp(2 * log_alpha))
        return Moment(time, alpha, sigma, log_alpha - log(sigma))

    def time_of(self, log_snr: float) -> float:
        """The time at which λ has a value."""
        log_alpha = -0.5 * float(np.logaddexp(0.0, -2 * log_snr))
        return float(np.interp(log_alpha, self._log_alphas[::-1], self._times[::-1]))


def unipc_moments(
    clock: ContinuousTime, steps: int, start: float = 1.0, skip_type: str = "time_uniform"
) -> list[Moment]:
    """The steps + 1 places of a way from time `start` to the first timestep.

    Args:
        clock: the network's table.
        steps: at least 1.
        start: 0 … 1.
        skip_type: "time_uniform", "time_quadratic" (even in √time) or "logSNR" (even in λ).
    """
    end = clock.first
    if skip_type == "logSNR":
        ends = clock.at(start).log_snr, clock.at(end).log_snr
        return [clock.at(clock.time_of(snr)) for snr in np.linspace(*ends, steps + 1).tolist()]
    power = 2 if skip_type == "time_quadratic" else 1
    roots = np.linspace(float(start ** (1 / power)), float(end ** (1 / power)), steps + 1)
    return [clock.at(root**power) for root in cast("list[float]", roots.tolist())]


def unipc(
    x: Tensor,
    moments: Sequence[Moment],
    timesteps: int = 1000,
    order: int = 3,
    variant: str = "bh1",
    *,
    lower_order_final: bool = True,
) -> Sampler:
    """UniPC of an order; one question for each step.

    Args:
        x: (C, h, w) at the first of the moments.
        moments: see `unipc_moments`; more than `order`.
        timesteps: of the network.
        order: answers a step looks back on, at least 1.
        variant: "bh1", "bh2" or "vary_coeff".
        lower_order_final: fall to order 1 towards the end.
    """
    steps = len(moments) - 1
    past = [(moments[0], (yield from _picture(x, moments[0], timesteps)))]  # the newest first
    for step, there in enumerate(moments[1:], start=1):
        rank = min(step, order)
        if lower_order_final and step >= order:
            rank = min(order, steps + 1 - step)
        move = _move(past[:rank], there, variant)
        ahead = move.predicted(x)
        if step == steps:
            return ahead
        picture = yield from _picture(ahead, there, timesteps)
        x = move.corrected(x, picture)
        past = [(there, picture), *past[: order - 1]]
    return x


@dataclass(frozen=True, slots=True, eq=False)
class _Move:
    """One step: x̃ - α Σ weights · differences, with and without the answer at its end."""

    shrink: float
    pull: float
    alpha: float
    newest: Tensor
    differences: list[Tensor]
    predictor: list[float]
    corrector: list[float]

    def predicted(self, x: Tensor) -> Tensor:
        return self._moved(x, self.differences, self.predictor)

    def corrected(self, x: Tensor, picture: Tensor) -> Tensor:
        return self._moved(x, [*self.differences, picture - self.newest], self.corrector)

    def _moved(self, x: Tensor, differences: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
        x = self.shrink * x - self.alpha * self.pull * self.newest
        for weight, difference in zip(weights, differences, strict=True):
            x = x - self.alpha * weight * difference
        return x


def _move(past: Sequence[tuple[Moment, Tensor]], there: Moment, variant: str) -> _Move:
    here, newest = past[0]
    h = there.log_snr - here.log_snr
    ratios = [(moment.log_snr - here.log_snr) / h for moment, _ in past[1:]]
    weights: _Weights = _varying_weights if variant == "vary_coeff" else _solved_weights(variant)
    return _Move(
        shrink=there.sigma / here.sigma,
        pull=expm1(-h),
        alpha=there.alpha,
        newest=newest,
        differences=[(p - newest) / r for (_, p), r in zip(past[1:], ratios, strict=True)],
        predictor=weights(ratios, -h, corrects=False),
        corrector=weights(ratios, -h, corrects=True),
    )


def _picture(x: Tensor, at: Moment, timesteps: int) -> Generator[Denoise, Tensor, Tensor]:
    """The denoised picture, asked for in the engine's terms."""
    timestep = (at.time - 1 / timesteps) * timesteps
    return (yield Denoise(x / at.alpha, at.sigma / at.alpha, timestep))


def _phis(hh: float, count: int) -> list[float]:
    """φ₁ … of the exponential integrators: what is left of e^hh after its first terms, over hh."""
    phis = [expm1(hh) / hh - 1]
    for i in range(2, count + 1):
        phis.append(phis[-1] / hh - 1 / factorial(i))
    return phis


def _solved_weights(variant: str) -> "_Weights":
    """Weights of "bh1" (B(h) = h) or "bh2" (B(h) = e^h - 1), from the paper's linear system."""

    def weights(ratios: Sequence[float], hh: float, *, corrects: bool) -> list[float]:
        scale = hh if variant == "bh1" else expm1(hh)
        places = [*ratios, 1.0] if corrects else list(ratios)
        if len(places) <= 1:
            return [scale / 2] * len(places)
        orders = range(1, len(places) + 1)
        powers = np.array([[place ** (i - 1) for place in places] for i in orders])
        phis = zip(orders, _phis(hh, len(places)), strict=True)
        return np.linalg.solve(powers, [phi * factorial(i) for i, phi in phis]).tolist()

    return weights


def _varying_weights(ratios: Sequence[float], hh: float, *, corrects: bool) -> list[float]:
    """Weights of "vary_coeff", which need no B(h)."""
    places = [*ratios, 1.0] if corrects else list(ratios)
    orders = range(1, len(places) + 1)
    matrix = np.array([[place ** (k - 1) / factorial(k) for k in orders] for place in places])
    inverse, phis = np.linalg.inv(matrix.reshape(len(places), len(places))), _phis(hh, len(places))
    if not corrects:
        return (np.array(phis) @ inverse).tolist() if places else []
    # As published: the newest difference counts only with the highest φ and the row before.
    weights = np.array(phis[:-1]) @ inverse[:-1, :-1]
    return [*weights.tolist(), phis[-1] * inverse[max(len(places) - 2, 0), -1]]
