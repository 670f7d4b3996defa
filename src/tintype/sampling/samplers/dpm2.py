"""DPM-Solver-2: the slope halfway in log sigma leads over the whole step."""

from collections.abc import Sequence
from itertools import pairwise
from math import sqrt

from torch import Tensor

from tintype.core.orders import Denoise, Sampler
from tintype.sampling.noise import Draw
from tintype.sampling.samplers.steps import Churn, ancestral_split, churned

_NO_CHURN = Churn()


def dpm2(x: Tensor, sigmas: Sequence[float], draw: Draw, churn: Churn = _NO_CHURN) -> Sampler:
    """DPM-Solver-2 as k-diffusion has it: Euler to the middle and back; order 2.

    Source: Lu et al. 2022, arXiv:2206.00927, with algorithm 2 of Karras et al. 2022 around it.
    """
    for step, there in enumerate(sigmas[1:]):
        x, here = churned(x, sigmas, step, draw, churn)
        slope = (x - (yield Denoise(x, here))) / here
        if there > 0:
            middle = sqrt(here * there)
            halfway = x + slope * (middle - here)
            slope = (halfway - (yield Denoise(halfway, middle))) / middle
        x = x + slope * (there - here)
    return x


def dpm2_ancestral(
    x: Tensor, sigmas: Sequence[float], draw: Draw, eta: float = 1.0, s_noise: float = 1.0
) -> Sampler:
    """DPM-Solver-2 to a lower level than wanted, then fresh noise up to it."""
    for here, there in pairwise(sigmas):
        slope = (x - (yield Denoise(x, here))) / here
        down, up = ancestral_split(here, there, eta)
        if down == 0:
            x = x + slope * (down - here)
            continue
        middle = sqrt(here * down)
        halfway = x + slope * (middle - here)
        slope = (halfway - (yield Denoise(halfway, middle))) / middle
        x = x + slope * (down - here)
        x = x + draw() * s_noise * up
    return x
