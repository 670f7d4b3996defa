"""Sigma schedules: which noise levels a picture passes through, highest first.

Each function returns plain numbers that fall and end in 0.0, unless it says otherwise. They are
computed with torch in float32, since A1111 does: the Brownian noise of the SDE samplers tells
levels apart that differ in the seventh digit.
"""

from collections.abc import Sequence
from math import atan, log
from typing import cast

import numpy as np
import torch
from torch import Tensor

from tintype.core.noise_levels import NoiseLevels
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.samplers import SCHEDULES, find_sampler
from tintype.errors import UnknownName
from tintype.sampling._beta import beta_quantile
from tintype.sampling.lcm_levels import lcm_levels

OLD_KARRAS_RANGE = (0.1, 10.0)
AYS_SD1 = (14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029)
AYS_SDXL = (14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029)
_TURBO_STEPS = 10


def sigmas_for(settings: SamplerSettings, levels: NoiseLevels, steps: int) -> list[float]:
    """The noise levels of a run.

    Args:
        settings: names the schedule and what bends it; its `steps` is not looked at.
        levels: the network's table, as `altered` by the settings.
        steps: how many steps the schedule is for.

    Returns:
        mostly steps + 1 values, the last 0.0. DDIM may have more, Turbo has no more than 11, and KL
        Optimal ends at the lowest level, all as in A1111.

    Raises:
        UnknownName: the schedule is not known.
    """
    table = lcm_levels(levels) if settings.sampler == "LCM" else levels
    drops_one = settings.discards_penultimate or _discards_penultimate(settings.sampler)
    sigmas = _sigmas(settings, table, steps + drops_one)
    return sigmas[:-2] + sigmas[-1:] if drops_one else sigmas


def uniform_sigmas(steps: int, levels: NoiseLevels) -> list[float]:
    """Noise levels at evenly spaced timesteps, from the last of the table to the first."""
    return _at(torch.linspace(len(levels.sigmas) - 1, 0, steps), levels)


def karras_sigmas(steps: int, sigma_min: float, sigma_max: float, rho: float = 7.0) -> list[float]:
    """Noise levels evenly spaced in sigma ** (1 / rho), highest first.

    Args:
        steps: denoising steps, at least 1.
        sigma_min: lowest level before zero, latent std units (SD 1.5: 0.0292).
        sigma_max: highest level, same units (SD 1.5: 14.61).
        rho: larger spends more steps near sigma_min; unitless.

    Returns:
        steps + 1 values, strictly falling, the last exactly 0.0.

    Source: Karras et al. 2022, arXiv:2206.00364, equation 5.
    """
    high, low = sigma_max ** (1 / rho), sigma_min ** (1 / rho)
    return _ending_in_zero((high + torch.linspace(0, 1, steps) * (low - high)) ** rho)


def exponential_sigmas(steps: int, sigma_min: float, sigma_max: float) -> list[float]:
    """Noise levels evenly spaced in log sigma."""
    return _ending_in_zero(torch.linspace(log(sigma_max), log(sigma_min), steps).exp())


def polyexponential_sigmas(
    steps: int, sigma_min: float, sigma_max: float, rho: float = 1.0
) -> list[float]:
    """Noise levels whose logarithms fall as a power `rho` of an even ramp; 1 is Exponential."""
    ramp = torch.linspace(1, 0, steps) ** rho
    return _ending_in_zero((ramp * (log(sigma_max) - log(sigma_min)) + log(sigma_min)).exp())


def sgm_uniform_sigmas(
    steps: int, levels: NoiseLevels, sigma_min: float, sigma_max: float
) -> list[float]:
    """Noise levels at evenly spaced timesteps that leave out the lowest."""
    start, end = levels.timestep(sigma_max), levels.timestep(sigma_min)
    return _at(torch.linspace(start, end, steps + 1)[:-1], levels)


def normal_sigmas(
    steps: int, levels: NoiseLevels, sigma_min: float, sigma_max: float
) -> list[float]:
    """Noise levels at evenly spaced timesteps between two levels."""
    start, end = levels.timestep(sigma_max), levels.timestep(sigma_min)
    return _at(torch.linspace(start, end, steps), levels)


def kl_optimal_sigmas(steps: int, sigma_min: float, sigma_max: float) -> list[float]:
    """Noise levels evenly spaced in arctan sigma. Ends at `sigma_min`, not in 0, as in A1111.

    Source: Sabour et al. 2024, "Align Your Steps", arXiv:2404.14507, section 3.1.
    """
    ramp = torch.arange(steps + 1) / steps
    angles = ramp * atan(sigma_min) + (1 - ramp) * atan(sigma_max)
    return cast("list[float]", angles.tan().tolist())


def align_your_steps_sigmas(steps: int, levels: Sequence[float] = AYS_SD1) -> list[float]:
    """The levels found best for ten steps of a family, or the same curve read at other places.

    Source: Sabour et al. 2024, "Align Your Steps", arXiv:2404.14507.
    """
    if steps == len(levels):
        return _ending_in_zero(torch.tensor(levels))
    known, wanted = np.linspace(0, 1, len(levels)), np.linspace(0, 1, steps)
    curve = np.interp(wanted, known, np.log(levels[::-1]))
    return _ending_in_zero(torch.tensor(np.exp(curve)[::-1].copy()))


def simple_sigmas(steps: int, levels: NoiseLevels) -> list[float]:
    """Every so many-th level of the table, without interpolation."""
    stride = len(levels.sigmas) / steps
    return [levels.sigmas[-(1 + int(i * stride))] for i in range(steps)] + [0.0]


def ddim_sigmas(steps: int, levels: NoiseLevels) -> list[float]:
    """Every so many-th level counted from the bottom, as DDIM walks. May have a few more levels."""
    stride = max(len(levels.sigmas) // steps, 1)
    return [*reversed(levels.sigmas[1::stride]), 0.0]


def beta_sigmas(
    steps: int, sigma_min: float, sigma_max: float, alpha: float = 0.6, beta: float = 0.6
) -> list[float]:
    """Noise levels at even quantiles of a Beta distribution between the lowest and the highest.

    A1111's habit: the distribution is one of sigmas, where other programs mean timesteps.

    Source: Lee et al. 2024, "Beta Sampling is All You Need", arXiv:2407.12173.
    """
    places = [beta_quantile(1 - p, alpha, beta) for p in np.linspace(0, 1, steps).tolist()]
    return _ending_in_zero(torch.tensor([sigma_min + p * (sigma_max - sigma_min) for p in places]))


def turbo_sigmas(steps: int, levels: NoiseLevels) -> list[float]:
    """Every hundredth timestep from 999 down, the first `steps` of those ten: what Turbo learnt."""
    stride = len(levels.sigmas) // _TURBO_STEPS
    return [*levels.sigmas[::-stride][: min(steps, _TURBO_STEPS)], 0.0]


def _sigmas(settings: SamplerSettings, levels: NoiseLevels, steps: int) -> list[float]:
    low, high = _range(settings, levels)
    match settings.schedule:
        case "Automatic" | "Uniform":
            return uniform_sigmas(steps, levels)
        case "Karras":
            return karras_sigmas(steps, low, high, settings.rho or 7.0)
        case "Exponential":
            return exponential_sigmas(steps, low, high)
        case "Polyexponential":
            return polyexponential_sigmas(steps, low, high, settings.rho or 1.0)
        case "SGM Uniform":
            return sgm_uniform_sigmas(steps, levels, low, high)
        case "KL Optimal":
            return kl_optimal_sigmas(steps, low, high)
        case "Align Your Steps":
            return align_your_steps_sigmas(steps, AYS_SDXL if settings.is_sdxl else AYS_SD1)
        case "Simple":
            return simple_sigmas(steps, levels)
        case "Normal":
            return normal_sigmas(steps, levels, low, high)
        case "DDIM":
            return ddim_sigmas(steps, levels)
        case "Beta":
            return beta_sigmas(steps, low, high, settings.beta_alpha, settings.beta_beta)
        case "Turbo":
            return turbo_sigmas(steps, levels)
        case _:
            raise UnknownName("schedule", settings.schedule, [s.label for s in SCHEDULES])


def _range(settings: SamplerSettings, levels: NoiseLevels) -> tuple[float, float]:
    own = (levels.sigma_min, levels.sigma_max)
    low, high = OLD_KARRAS_RANGE if settings.old_karras_range else own
    return settings.sigma_min or low, settings.sigma_max or high


def _discards_penultimate(sampler: str) -> bool:
    return find_sampler(sampler)[0].discards_penultimate


def _at(timesteps: Tensor, levels: NoiseLevels) -> list[float]:
    """The levels of fractional timesteps, by interpolation in log sigma."""
    logs = torch.tensor(levels.log_sigmas)
    below, above, weight = timesteps.floor().long(), timesteps.ceil().long(), timesteps.frac()
    return _ending_in_zero(((1 - weight) * logs[below] + weight * logs[above]).exp())


def _ending_in_zero(sigmas: Tensor) -> list[float]:
    return [*sigmas.float().tolist(), 0.0]
