"""Sigma schedules: which noise levels a picture passes through, highest first, 0.0 last."""

from tintype.core.noise_levels import NoiseLevels, float32
from tintype.errors import UnknownName


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
    return [float32((high + r * (low - high)) ** rho) for r in _ramp(steps)] + [0.0]


def uniform_sigmas(steps: int, levels: NoiseLevels) -> list[float]:
    """Noise levels at evenly spaced timesteps, from the last of the table to the first.

    Returns:
        steps + 1 values, strictly falling, the last exactly 0.0.
    """
    last = len(levels.sigmas) - 1
    return [levels.sigma(float32(last * (1 - r))) for r in _ramp(steps)] + [0.0]


def sigmas_for(schedule: str, steps: int, levels: NoiseLevels) -> list[float]:
    """The noise levels of a schedule, by its label. Raises `UnknownName`."""
    match schedule:
        case "Automatic" | "Uniform":
            return uniform_sigmas(steps, levels)
        case "Karras":
            return karras_sigmas(steps, levels.sigma_min, levels.sigma_max)
        case _:
            raise UnknownName("schedule", schedule, ["Automatic", "Uniform", "Karras"])


def _ramp(steps: int) -> list[float]:
    """`steps` even places from 0 to 1; a single step stands at 0."""
    return [i / (steps - 1) for i in range(steps)] if steps > 1 else [0.0]
