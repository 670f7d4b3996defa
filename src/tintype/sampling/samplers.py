"""Samplers as generators: each yields a question, is sent the denoised answer, returns a latent.

Latents are (C, h, w); `sigmas` falls and ends in 0. Noise levels are plain numbers, so no `if`
waits for a device.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import expm1, log, sqrt

from torch import Tensor

from tintype.core.orders import Denoise, Sampler
from tintype.errors import UnknownName
from tintype.sampling.noise import NoiseSource


def euler(x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Sampler:
    """Euler's method on the probability flow; order 1.

    Source: Karras et al. 2022, arXiv:2206.00364, algorithm 2 without churn.
    """
    for here, there in pairwise(sigmas):
        slope = (x - (yield Denoise(x, here))) / here
        x = x + slope * (there - here)
    return x


def euler_ancestral(
    x: Tensor, sigmas: Sequence[float], noise: NoiseSource, eta: float = 1.0
) -> Sampler:
    """Euler's method to a lower level than wanted, then fresh noise up to it."""
    for here, there in pairwise(sigmas):
        slope = (x - (yield Denoise(x, here))) / here
        down, up = ancestral_split(here, there, eta)
        x = x + slope * (down - here)
        if there > 0:
            x = x + noise.draw().to(x) * up
    return x


def dpmpp_2m(x: Tensor, sigmas: Sequence[float], noise: NoiseSource) -> Sampler:
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


def ancestral_split(here: float, there: float, eta: float) -> tuple[float, float]:
    """Split a step between two noise levels into a way down and fresh noise.

    Returns:
        the level to step down to, and the standard deviation of the noise that leads to `there`.
    """
    if eta == 0:
        return there, 0.0
    up = min(there, eta * sqrt(there**2 * (here**2 - there**2) / here**2))
    return sqrt(there**2 - up**2), up


_BY_NAME: dict[str, Callable[[Tensor, Sequence[float], NoiseSource], Sampler]] = {
    "Euler": euler,
    "Euler a": euler_ancestral,
    "DPM++ 2M": dpmpp_2m,
}


def sampler_called(name: str) -> Callable[[Tensor, Sequence[float], NoiseSource], Sampler]:
    """The sampler of a canonical name. Raises `UnknownName`."""
    if name not in _BY_NAME:
        raise UnknownName("sampler", name, list(_BY_NAME))
    return _BY_NAME[name]
