"""The fifty noise levels latent consistency models were distilled at."""

from functools import cache

from tintype.core.noise_levels import NoiseLevels

LCM_STRIDE = 20  # timesteps between two levels


@cache
def lcm_levels(levels: NoiseLevels) -> NoiseLevels:
    """Every twentieth level: 19, 39, … 999. Entry j belongs to timestep 20 j + 19."""
    chosen = slice(LCM_STRIDE - 1, None, LCM_STRIDE)
    return NoiseLevels(
        levels.alphas_cumprod[chosen], levels.sigmas[chosen], levels.log_sigmas[chosen]
    )
