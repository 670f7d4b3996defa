"""How a latent is denoised: everything a sampler, a schedule and a noise source can be told."""

from dataclasses import dataclass, field
from math import inf
from typing import Literal

from tintype.core.noise_levels import NoiseSchedule

RandomSource = Literal["GPU", "CPU", "NV"]


@dataclass(frozen=True, slots=True)
class SamplerSettings:
    """One run of a sampler. Defaults are A1111's.

    Attributes:
        sampler: canonical name, see `core.samplers`.
        schedule: label of the schedule; "Automatic" is Uniform, or the sampler's own.
        steps: asked for, at least 1.
        eta: share of fresh noise, or None for the sampler's own (1.0 ancestral, 0.0 DDIM).
        s_churn: noise added before steps of Euler, Heun and DPM2.
        s_tmin: lowest noise level that is churned.
        s_tmax: highest noise level that is churned.
        s_noise: factor of added noise.
        sigma_min: lowest noise level of Karras-like schedules, or None for the network's own.
        sigma_max: highest noise level of those, or None for the network's own.
        rho: exponent of Karras and Polyexponential, or None for their own.
        old_karras_range: Karras-like schedules go from 10 to 0.1, as A1111 once had it.
        discards_penultimate: leave out the level before the last for every sampler.
        sgm_noise: the first noise has √(1 + σ²) as its spread, not σ.
        quantizes: the network's clock shows whole timesteps.
        downcasts_alphas: the table of noise levels is rounded to float16.
        zero_terminal_snr: the table is shifted so that its last level is pure noise.
        ddim_discretize: "uniform" or "quad"; which timesteps DDIM and PLMS visit.
        unipc_variant: "bh1", "bh2" or "vary_coeff".
        unipc_skip_type: "time_uniform", "time_quadratic" or "logSNR".
        unipc_order: 1 … 50.
        unipc_lower_order_final: fall to order 1 at the end.
        beta_alpha: of the Beta schedule.
        beta_beta: of the Beta schedule.
        states_churn: infotext names the churn; it does if the server's options asked for it.
        is_sdxl: which table Align Your Steps uses.
        trained_on: the noise the checkpoint knows.
    """

    sampler: str = "DPM++ 2M"
    schedule: str = "Automatic"
    steps: int = 20
    eta: float | None = None
    s_churn: float = 0.0
    s_tmin: float = 0.0
    s_tmax: float = inf
    s_noise: float = 1.0
    sigma_min: float | None = None
    sigma_max: float | None = None
    rho: float | None = None
    old_karras_range: bool = False
    discards_penultimate: bool = False
    sgm_noise: bool = False
    quantizes: bool = False
    downcasts_alphas: bool = False
    zero_terminal_snr: bool = False
    ddim_discretize: str = "uniform"
    unipc_variant: str = "bh1"
    unipc_skip_type: str = "time_uniform"
    unipc_order: int = 3
    unipc_lower_order_final: bool = True
    beta_alpha: float = 0.6
    beta_beta: float = 0.6
    states_churn: bool = False
    is_sdxl: bool = False
    trained_on: NoiseSchedule = field(default_factory=NoiseSchedule)


@dataclass(frozen=True, slots=True)
class NoiseSettings:
    """Where the randomness of one image comes from.

    Attributes:
        seed: of the image.
        source: "CPU" and "GPU" are torch's generators there; "NV" imitates a CUDA device anywhere.
        subseed: seed of the variation.
        subseed_strength: 0 for the seed's noise alone, 1 for the subseed's alone.
        resize_from: (width, height) in pixels of the picture whose composition is kept, or None.
        ensd: added to the seed for all noise after the first.
    """

    seed: int
    source: RandomSource = "CPU"
    subseed: int = 0
    subseed_strength: float = 0.0
    resize_from: tuple[int, int] | None = None
    ensd: int = 0
