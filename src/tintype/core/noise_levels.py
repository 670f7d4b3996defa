"""The noise levels a latent diffusion network was trained on, as plain numbers."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import exp, log
from operator import mul
from struct import pack, unpack


def float32(value: float) -> float:
    """The nearest float32 number."""
    return unpack("f", pack("f", value))[0]


@dataclass(frozen=True, slots=True)
class NoiseLevels:
    """Noise levels by timestep, and the way between both.

    Attributes:
        alphas_cumprod: share of the picture's variance left at timestep k, float32 values.
        sigmas: noise level at timestep k in units of latent standard deviation, rising.
        log_sigmas: their logarithms.
    """

    alphas_cumprod: tuple[float, ...]
    sigmas: tuple[float, ...]
    log_sigmas: tuple[float, ...]

    @property
    def sigma_min(self) -> float:
        """The lowest level (SD 1.5: 0.0292)."""
        return self.sigmas[0]

    @property
    def sigma_max(self) -> float:
        """The highest level (SD 1.5: 14.61)."""
        return self.sigmas[-1]

    def timestep(self, sigma: float) -> float:
        """The fractional timestep of a noise level, by interpolation in log sigma."""
        wanted = log(sigma)
        low = min(max(bisect_right(self.log_sigmas, wanted) - 1, 0), len(self.sigmas) - 2)
        below, above = self.log_sigmas[low], self.log_sigmas[low + 1]
        weight = min(max((below - wanted) / (below - above), 0.0), 1.0)
        return float32((1 - weight) * low + weight * (low + 1))

    def sigma(self, timestep: float) -> float:
        """The noise level at a fractional timestep, by interpolation in log sigma."""
        low = min(max(int(timestep), 0), len(self.sigmas) - 1)
        high = min(low + 1, len(self.sigmas) - 1)
        weight = timestep - low
        return float32(exp((1 - weight) * self.log_sigmas[low] + weight * self.log_sigmas[high]))


@cache
def scaled_linear_levels(
    start: float = 0.00085, end: float = 0.012, timesteps: int = 1000
) -> NoiseLevels:
    """The table of SD 1.x, 2.x and SDXL.

    Betas are evenly spaced in their square roots. A1111 computes the products in float64 and only
    then rounds to float32, which later digits of the sigmas depend on.

    Args:
        start: the first beta (`linear_start` of an LDM config).
        end: the last beta (`linear_end`).
        timesteps: length of the table.
    """
    low, high = start**0.5, end**0.5
    betas = [(low + (high - low) * k / (timesteps - 1)) ** 2 for k in range(timesteps)]
    alphas = [float32(a) for a in accumulate((1 - b for b in betas), mul)]
    sigmas = [float32(float32(float32(1 - a) / a) ** 0.5) for a in alphas]
    return NoiseLevels(tuple(alphas), tuple(sigmas), tuple(float32(log(s)) for s in sigmas))
