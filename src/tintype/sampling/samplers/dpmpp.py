"""DPM-Solver++: exponential integrators on the denoised picture.

Time is t = -log sigma, so a step of width h shrinks the noise by exp(-h).
"""

from collections.abc import Sequence
from itertools import pairwise
from math import expm1, log, sqrt

from torch import Tensor

from tintype.core.orders import Denoise, Sampler
from tintype.sampling.noise import Draw
from tintype.sampling.samplers.steps import ancestral_split


def dpmpp_2m(x: Tensor, sigmas: Sequence[float]) -> Sampler:
    """DPM-Solver++ (2M): linear multistep in log sigma on the denoised picture; order 2.

    Source: Lu et al. 2022, arXiv:2211.01095, algorithm 2.
    """
    last: Tensor | None = None
    last_h = 0.0
    for here, there in pairwise(sigmas):
        denoised = yield Denoise(x, here)
        if there == 0:
            return denoised
        h = log(here) - log(there)
        estimate = denoised
        if last is not None:
            weight = h / (2 * last_h)
            estimate = (1 + weight) * denoised - weight * last
        x = (there / here) * x - expm1(-h) * estimate
        last, last_h = denoised, h
    return x


def dpmpp_2s_ancestral(
    x: Tensor, sigmas: Sequence[float], draw: Draw, eta: float = 1.0, s_noise: float = 1.0
) -> Sampler:
    """DPM-Solver++ (2S) to a lower level than wanted, then fresh noise up to it.

    Source: Lu et al. 2022, arXiv:2211.01095, algorithm 1, with a step's middle at half its width.
    """
    for here, there in pairwise(sigmas):
        denoised = yield Denoise(x, here)
        down, up = ancestral_split(here, there, eta)
        if down > 0:
            middle = sqrt(here * down)
            halfway = exponential_step(x, here, middle, denoised)
            denoised = yield Denoise(halfway, middle)
        x = exponential_step(x, here, down, denoised)
        if there > 0:
            x = x + draw() * s_noise * up
    return x


def exponential_step(x: Tensor, here: float, there: float, denoised: Tensor) -> Tensor:
    """Where `x` comes to if the picture in it stays `denoised` from one level to another."""
    return (there / here) * x + (1 - there / here) * denoised
