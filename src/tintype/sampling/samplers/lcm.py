"""Latent consistency models: each answer is a finished picture, and gets fresh noise."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from tintype.core.noise_levels import NoiseLevels
from tintype.core.orders import Denoise, Sampler
from tintype.sampling.lcm_levels import LCM_STRIDE
from tintype.sampling.noise import Draw

_TIMESTEP_SCALE = 10.0
_DATA_VARIANCE = 0.25


def lcm(x: Tensor, sigmas: Sequence[float], draw: Draw, levels: NoiseLevels) -> Sampler:
    """Multistep consistency sampling, at the nearest of the `levels` the network was distilled at.

    Source: Luo et al. 2023, arXiv:2310.04378, algorithm 4.
    """
    for here, there in pairwise(sigmas):
        timestep = LCM_STRIDE * levels.nearest_timestep(here) + LCM_STRIDE - 1
        denoised = yield Denoise(x, here, timestep)
        x = _consistent(x, denoised, timestep)
        if there > 0:
            x = x + draw() * there
    return x


def _consistent(x: Tensor, denoised: Tensor, timestep: int) -> Tensor:
    """The consistency function: skips ever more of the network towards timestep 0."""
    scaled = _TIMESTEP_SCALE * timestep
    spread = scaled**2 + _DATA_VARIANCE
    return denoised * (scaled / spread**0.5) + x * (_DATA_VARIANCE / spread)
