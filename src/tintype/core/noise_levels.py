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
_TIMESTEPS = 1000


def float32(value: float) -> float:
    """The nearest float32 number."""
    return unpack("f", pack("f", value))[0]


def float16(value: float) -> float:
    """The nearest float16 number."""
    return unpack("e", pack("e", value))[0]


@dataclass(frozen=True, slots=True)
class NoiseSchedule:
    """The noise a checkpoint was trained on; `levels_of` makes the table of it.

    Attributes:
        start: the first beta (`linear_start` of an LDM config).
        end: the last beta (`linear_end`).
        zero_terminal_snr: the last level is pure noise.
        continuous: lowest and highest level of a network that was trained on all between them, and
            whose clock shows the level itself (EDM); None for one trained on a table of betas.
    """

    start: float = 0.00085
    end: float = 0.012
    zero_terminal_snr: bool = False
    continuous: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class NoiseLevels:
    """Noise levels by timestep, and the way between both.

    Attributes:
        alphas_cumprod: share of the picture's variance left at timestep k, float32 values.
        sigmas: noise level at timestep k in units of latent standard deviation, rising.
        log_sigmas: their logarithms.
        is_continuous: the timesteps are ours alone: the network's clock shows the level itself.
    """

    alphas_cumprod: tuple[float, ...]
    sigmas: tuple[float, ...]
    log_sigmas: tuple[float, ...]
    is_continuous: bool = False

    @property
    def sigma_min(self) -> float:
        """The lowest level (SD 1.5: 0.0292)."""
        return self.sigmas[0]

    @property
    def sigma_max(self) -> float:
        """The highest level (SD 1.5: 14.61)."""
        return self.sigmas[-1]

    @property
    def ends_in_noise(self) -> bool:
        """Whether (almost) nothing is left of the picture at the last level."""
        return self.alphas_cumprod[-1] == float32(_ALMOST_NOTHING)

    def clock(self, sigma: float, asked: float | None = None) -> float:
        """What the network's clock shows at a noise level.

        Args:
            sigma: above 0.
            asked: the timestep somebody wants it to show instead; a continuous clock, which knows
                no timesteps, goes by the level nevertheless.

        Source of the continuous clock: Karras et al. 2022, arXiv:2206.00364, table 1, c_noise.
        """
        if self.is_continuous:
            return float32(float32(log(sigma)) / 4)
        return self.timestep(sigma) if asked is None else asked

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
def levels_of(schedule: NoiseSchedule) -> NoiseLevels:
    """The table of a checkpoint, before any options."""
    if schedule.continuous is not None:
        return continuous_levels(*schedule.continuous)
    levels = scaled_linear_levels(schedule.start, schedule.end)
    return altered(levels, zero_terminal_snr=schedule.zero_terminal_snr)


@cache
def scaled_linear_levels(
    start: float = 0.00085, end: float = 0.012, timesteps: int = _TIMESTEPS
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
def continuous_levels(lowest: float, highest: float) -> NoiseLevels:
    """A table for networks that know every level: a thousand of them, evenly spaced in log sigma.

    Schedules and samplers that walk a table walk this one.

    Args:
        lowest: in units of latent standard deviation (Playground v2.5: 0.002).
        highest: same units (Playground v2.5: 80).
    """
    low, high = log(lowest), log(highest)
    logs = [low + (high - low) * k / (_TIMESTEPS - 1) for k in range(_TIMESTEPS)]
    sigmas = tuple(float32(exp(value)) for value in logs)
    alphas = tuple(float32(1 / (1 + sigma**2)) for sigma in sigmas)
    return NoiseLevels(alphas, sigmas, tuple(map(float32, logs)), is_continuous=True)


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
            make that level infinite. A table that ends so already stays so.

    A table of continuous levels has no betas to alter, and stays as it is.

    Source of the shift: Lin et al. 2023, arXiv:2305.08891, algorithm 1.
    """
    if levels.is_continuous:
        return levels
    shifts = zero_terminal_snr or levels.ends_in_noise
    if downcasts_alphas:
        halves = tuple(float16(a) for a in levels.alphas_cumprod)
        return _levels(_shifted(halves)) if shifts else _half_levels(halves)
    if shifts and not levels.ends_in_noise:
        return _levels(_shifted(levels.alphas_cumprod))
    return levels


def _levels(alphas_cumprod: Iterable[float]) -> NoiseLevels:
    alphas = [float32(a) for a in alphas_cumprod]
    sigmas = [float32(float32(float32(1 - a) / a) ** 0.5) for a in alphas]
    return NoiseLevels(tuple(alphas), tuple(sigmas), tuple(float32(log(s)) for s in sigmas))


def _half_levels(alphas: tuple[float, ...]) -> NoiseLevels:
    sigmas = [float16(float16(float16(1 - a) / a) ** 0.5) for a in alphas]
    return NoiseLevels(alphas, tuple(sigmas), tuple(float16(log(s)) for s in sigmas))


def _shifted(alphas_cumprod: tuple[float, ...]) -> list[float]:
    roots = [float32(sqrt(a)) for a in alphas_cumprod]
    first, last = roots[0], roots[-1]
    stretch = float32(first / float32(first - last))
    shifted = [float32(float32(root - last) * stretch) for root in roots]
    return [float32(root**2) for root in shifted[:-1]] + [_ALMOST_NOTHING]
