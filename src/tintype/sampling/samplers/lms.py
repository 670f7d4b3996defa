"""Linear multistep in sigma (Adams-Bashforth on uneven levels)."""

from collections.abc import Sequence
from math import prod, sqrt

from torch import Tensor

from tintype.core.orders import Denoise, Sampler

_ORDER = 4
_GAUSS = (-1 / sqrt(3), 1 / sqrt(3))  # two places make the integral of a cubic exact


def lms(x: Tensor, sigmas: Sequence[float]) -> Sampler:
    """The last four slopes as one polynomial, integrated over the step; order 4."""
    slopes: list[Tensor] = []  # the newest first
    for step, here in enumerate(sigmas[:-1]):
        slope = (x - (yield Denoise(x, here))) / here
        slopes = [slope, *slopes[: _ORDER - 1]]
        known = [sigmas[step - k] for k in range(len(slopes))]
        weights = multistep_weights(known, here, sigmas[step + 1])
        x = x + sum(weight * s for weight, s in zip(weights, slopes, strict=True))
    return x


def multistep_weights(known: Sequence[float], start: float, end: float) -> list[float]:
    """Integrals from `start` to `end` of the Lagrange polynomials through up to four places."""
    middle, half = (start + end) / 2, (end - start) / 2
    places = [middle + half * g for g in _GAUSS]
    return [half * sum(_lagrange(known, j, at) for at in places) for j in range(len(known))]


def _lagrange(known: Sequence[float], j: int, at: float) -> float:
    return prod((at - other) / (known[j] - other) for k, other in enumerate(known) if k != j)
