"""The noise levels a latent diffusion network was trained on, as plain numbers.

Everything is rounded to float32 where A1111 does so: its pictures depend on the last digits.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from math import exp, log, sqrt
from operator import mul
from struct import pack, unpack

# What is left of the picture at the last level of a shifted table; 0 would make it infinite.
_ALMOST_NOTHING = 4.8973451890853435e-08


def float32(value: float) -> float:
    """The nearest float32 number."""
    return unpack("f", pack("f", value))[0]


def float16(value: float) -> float:
    """The nearest float16 number."""
    return unpack("e", pack("e", value))[0]


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
        wanted = float32(log(sigma))
        low = self._level_below(wanted)
        below, above = self.log_sigmas[low], self.log_sigmas[low + 1]
        ratio = float32(below - wanted) / float32(below - above)
        weight = float32(min(max(ratio, 0.0), 1.0))
        return float32(float32(float32(1 - weight) * low) + float32(weight * (low + 1)))

    def nearest_timestep(self, sigma: float) -> int:
        """The whole timestep whose noise level is nearest in log sigma."""
        wanted = float32(log(sigma))
        low = self._level_below(wanted)
        return min(low, low + 1, key=lambda k: float32(abs(wanted - self.log_sigmas[k])))

    def sigma(self, timestep: float) -> float:
        """The noise level at a fractional timestep, by interpolation in log sigma."""
        low = min(max(int(timestep), 0), len(self.sigmas) - 1)
        high = min(low + 1, len(self.sigmas) - 1)
        weight = float32(timestep - low)
        below = float32(float32(1 - weight) * self.log_sigmas[low])
        return float32(exp(float32(below + float32(weight * self.log_sigmas[high]))))

    def _level_below(self, log_sigma: float) -> int:
        """The last timestep of lower noise that has a timestep above it."""
        return min(max(bisect_right(self.log_sigmas, log_sigma) - 1, 0), len(self.sigmas) - 2)


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
    return _levels(accumulate((1 - b for b in betas), mul))


@cache
def altered(
    levels: NoiseLevels, *, downcasts_alphas: bool = False, zero_terminal_snr: bool = False
) -> NoiseLevels:
    """The table as options change it.

    Args:
        levels: the checkpoint's own table.
        downcasts_alphas: round `alphas_cumprod`, and the sigmas made of them, to float16. Infotext
            calls it "Downcast alphas_cumprod".
        zero_terminal_snr: shift and stretch √alphas_cumprod so that the last level is (almost) pure
            noise, and the first stays. After the rounding, but in float32, where float16 would
            make that level infinite.

    Source of the shift: Lin et al. 2023, arXiv:2305.08891, algorithm 1.
    """
    if downcasts_alphas:
        levels = _half_levels(levels.alphas_cumprod)
    return _levels(_shifted(levels.alphas_cumprod)) if zero_terminal_snr else levels


def _levels(alphas_cumprod: Iterable[float]) -> NoiseLevels:
    alphas = [float32(a) for a in alphas_cumprod]
    sigmas = [float32(float32(float32(1 - a) / a) ** 0.5) for a in alphas]
    return NoiseLevels(tuple(alphas), tuple(sigmas), tuple(float32(log(s)) for s in sigmas))


def _half_levels(alphas_cumprod: Iterable[float]) -> NoiseLevels:
    alphas = [float16(a) for a in alphas_cumprod]
    sigmas = [float16(float16(float16(1 - a) / a) ** 0.5) for a in alphas]
    return NoiseLevels(tuple(alphas), tuple(sigmas), tuple(float16(log(s)) for s in sigmas))


def _shifted(alphas_cumprod: tuple[float, ...]) -> list[float]:
    roots = [float32(sqrt(a)) for a in alphas_cumprod]
    first, last = roots[0], roots[-1]
    stretch = float32(first / float32(first - last))
    shifted = [float32(float32(root - last) * stretch) for root in roots]
    return [float32(root**2) for root in shifted[:-1]] + [_ALMOST_NOTHING]
