"""Euler's and Heun's methods."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from tintype.core.orders import Denoise, Sampler
from tintype.sampling.noise import Draw
from tintype.sampling.samplers.steps import Churn, ancestral_split, churned

_NO_CHURN = Churn()


def euler(x: Tensor, sigmas: Sequence[float], draw: Draw, churn: Churn = _NO_CHURN) -> Sampler:
    """Euler's method on the probability flow; order 1.

    Source: Karras et al. 2022, arXiv:2206.00364, algorithm 2 without its second half.
    """
    for step, there in enumerate(sigmas[1:]):
        x, here = churned(x, sigmas, step, draw, churn)
        slope = (x - (yield Denoise(x, here))) / here
        x = x + slope * (there - here)
    return x


def heun(x: Tensor, sigmas: Sequence[float], draw: Draw, churn: Churn = _NO_CHURN) -> Sampler:
    """Heun's method: the mean of the slopes at both ends of a step; order 2.

    Source: Karras et al. 2022, arXiv:2206.00364, algorithm 2.
    """
    for step, there in enumerate(sigmas[1:]):
        x, here = churned(x, sigmas, step, draw, churn)
        slope = (x - (yield Denoise(x, here))) / here
        ahead = x + slope * (there - here)
        if there > 0:
            slope_ahead = (ahead - (yield Denoise(ahead, there))) / there
            ahead = x + (slope + slope_ahead) / 2 * (there - here)
        x = ahead
    return x


def euler_ancestral(x: Tensor, sigmas: Sequence[float], draw: Draw, eta: float = 1.0) -> Sampler:
    """Euler's method to a lower level than wanted, then fresh noise up to it."""
    for here, there in pairwise(sigmas):
        slope = (x - (yield Denoise(x, here))) / here
        down, up = ancestral_split(here, there, eta)
        x = x + slope * (down - here)
        if there > 0:
            x = x + draw() * up
    return x
