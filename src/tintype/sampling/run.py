"""From settings to a running sampler: what a recipe starts with noise, or with a latent."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from torch import Tensor

from tintype.core.noise_levels import NoiseLevels, altered
from tintype.core.orders import Sampler
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.samplers import SamplerInfo, find_sampler
from tintype.errors import InvalidRequest
from tintype.sampling.brownian import Brownian
from tintype.sampling.lcm_levels import lcm_levels
from tintype.sampling.noise import NoiseSource
from tintype.sampling.samplers.dpm2 import dpm2, dpm2_ancestral
from tintype.sampling.samplers.dpm_solver import dpm_adaptive, dpm_fast
from tintype.sampling.samplers.dpmpp import dpmpp_2m, dpmpp_2s_ancestral
from tintype.sampling.samplers.euler import euler, euler_ancestral, heun
from tintype.sampling.samplers.lcm import lcm
from tintype.sampling.samplers.lms import lms
from tintype.sampling.samplers.restart import restart
from tintype.sampling.samplers.sde import dpmpp_2m_sde, dpmpp_3m_sde, dpmpp_sde
from tintype.sampling.samplers.steps import Churn
from tintype.sampling.samplers.timesteps import ddim, ddim_cfgpp, ddim_timesteps, plms
from tintype.sampling.samplers.unipc import ContinuousTime, unipc, unipc_moments
from tintype.sampling.schedules import sigmas_for

_STRONGEST = 0.999  # share of the schedule that img2img may go through at most


@dataclass(frozen=True, slots=True)
class Start:
    """Where on the way img2img begins.

    Attributes:
        schedule_steps: steps of the whole schedule; 0 leaves the latent as it is.
        t_enc: how many of its last steps are gone, less one.
        extra_noise: noise added on top, in units of the latent (`img2img_extra_noise`).
        noise_multiplier: factor of the first noise (`initial_noise_multiplier`).
    """

    schedule_steps: int
    t_enc: int
    extra_noise: float = 0.0
    noise_multiplier: float = 1.0


def img2img_start(steps: int, denoising_strength: float, *, fixes_steps: bool) -> tuple[int, int]:
    """`schedule_steps` and `t_enc` of a `Start`, as A1111 reckons them.

    Args:
        steps: as asked for.
        denoising_strength: 0 … 1.
        fixes_steps: go through `steps` steps, so that the schedule grows; the hires pass does.
            Strength 0 then leaves no schedule at all.
    """
    strength = min(denoising_strength, _STRONGEST)
    if not fixes_steps:
        return steps, int(strength * steps)
    return (int(steps / strength) if strength > 0 else 0), steps - 1


def from_noise(settings: SamplerSettings, levels: NoiseLevels, noise: NoiseSource) -> Sampler:
    """Make a latent of nothing but noise.

    Args:
        settings: sampler, schedule, steps and all that bends them.
        levels: the checkpoint's own table; options alter it here.
        noise: not drawn from yet.

    Returns:
        (C, h, w) latent, as the decoder takes it.

    Raises:
        InvalidRequest: UniPC has fewer steps than its order.
    """
    table = altered_by(settings, levels)
    if _info(settings).is_timestep_sampler:
        visited = ddim_timesteps(settings.steps, len(table.sigmas))
        return _walk(settings, table, noise, noise.first(), visited, clock_start=1.0)
    sigmas = sigmas_for(settings, table, settings.steps)
    spread = sqrt(1 + sigmas[0] ** 2) if settings.sgm_noise else sigmas[0]
    whole_range = (table.sigma_max, table.sigma_min, settings.steps)
    run = _Run(settings, table, noise, sigmas, whole_range)
    return run.sampler(noise.first() * spread, sigmas)


def from_latent(
    settings: SamplerSettings,
    levels: NoiseLevels,
    noise: NoiseSource,
    latent: Tensor,
    start: Start,
) -> Sampler:
    """Add noise to a latent (C, h, w) and take it away again, from somewhere on the way.

    The schedule is cut by index, as in A1111: one that has more levels than steps begins
    elsewhere. The rest is as in `from_noise`; `settings.steps` is not looked at.
    """
    table = altered_by(settings, levels)
    first = noise.first() * start.noise_multiplier
    if start.schedule_steps == 0:
        return _unchanged(latent + first * start.extra_noise)
    if _info(settings).is_timestep_sampler:
        return _walk_from(settings, table, noise, latent, first, start)
    sigmas = sigmas_for(settings, table, start.schedule_steps)
    used = sigmas[max(start.schedule_steps - start.t_enc - 1, 0) :]
    x = latent + first * used[0] + first * start.extra_noise
    run = _Run(settings, table, noise, sigmas, (used[0], used[-2], len(used) - 1))
    return run.sampler(x, used)


def altered_by(settings: SamplerSettings, levels: NoiseLevels) -> NoiseLevels:
    """The table a run with these settings sees."""
    return altered(
        levels,
        downcasts_alphas=settings.downcasts_alphas,
        zero_terminal_snr=settings.zero_terminal_snr,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    """A k-diffusion sampler's surroundings.

    Attributes:
        whole: the schedule before img2img cut it; Brownian noise spans it.
        bounds: highest level, lowest level and questions of the samplers that know no schedule.
    """

    settings: SamplerSettings
    levels: NoiseLevels
    noise: NoiseSource
    whole: Sequence[float]
    bounds: tuple[float, float, int]

    def sampler(self, x: Tensor, sigmas: Sequence[float]) -> Sampler:
        clock = self._clock()
        sampler = _SAMPLERS[self.settings.sampler](self, x, sigmas)
        return sampler if clock is None else _clocked(sampler, clock)

    @property
    def eta(self) -> float:
        return 1.0 if self.settings.eta is None else self.settings.eta

    @property
    def churn(self) -> Churn:
        s = self.settings
        return Churn(s.s_churn, s.s_tmin, s.s_tmax, s.s_noise)

    @property
    def brownian(self) -> Brownian:
        return self.noise.brownian(min(s for s in self.whole if s > 0), max(self.whole))

    def _clock(self) -> Callable[[float], float] | None:
        """How a level becomes a timestep, where the engine's own way would be wrong."""
        if self.settings.sampler == "LCM":
            return None
        if self.settings.quantizes:
            return self.levels.nearest_timestep
        is_altered = self.settings.downcasts_alphas or self.settings.zero_terminal_snr
        return self.levels.timestep if is_altered else None


def _clocked(sampler: Sampler, clock: Callable[[float], float]) -> Sampler:
    """The same questions, each with the timestep of its level."""
    try:
        question = next(sampler)
        while True:
            question = sampler.send((yield replace(question, timestep=clock(question.sigma))))
    except StopIteration as end:
        return end.value


def _unchanged(x: Tensor) -> Sampler:
    return x
    yield  # a sampler that asks nothing


_SAMPLERS: dict[str, Callable[[_Run, Tensor, Sequence[float]], Sampler]] = {
    "DPM++ 2M": lambda run, x, sigmas: dpmpp_2m(x, sigmas),
    "DPM++ SDE": lambda run, x, sigmas: dpmpp_sde(
        x, sigmas, run.brownian, run.eta, run.settings.s_noise
    ),
    "DPM++ 2M SDE": lambda run, x, sigmas: dpmpp_2m_sde(
        x, sigmas, run.brownian, run.eta, run.settings.s_noise
    ),
    "DPM++ 2M SDE Heun": lambda run, x, sigmas: dpmpp_2m_sde(
        x, sigmas, run.brownian, run.eta, run.settings.s_noise, "heun"
    ),
    "DPM++ 2S a": lambda run, x, sigmas: dpmpp_2s_ancestral(
        x, sigmas, run.noise.draw, run.eta, run.settings.s_noise
    ),
    "DPM++ 3M SDE": lambda run, x, sigmas: dpmpp_3m_sde(
        x, sigmas, run.brownian, run.eta, run.settings.s_noise
    ),
    "Euler a": lambda run, x, sigmas: euler_ancestral(x, sigmas, run.noise.draw, run.eta),
    "Euler": lambda run, x, sigmas: euler(x, sigmas, run.noise.draw, run.churn),
    "LMS": lambda run, x, sigmas: lms(x, sigmas),
    "Heun": lambda run, x, sigmas: heun(x, sigmas, run.noise.draw, run.churn),
    "DPM2": lambda run, x, sigmas: dpm2(x, sigmas, run.noise.draw, run.churn),
    "DPM2 a": lambda run, x, sigmas: dpm2_ancestral(
        x, sigmas, run.noise.draw, run.eta, run.settings.s_noise
    ),
    "DPM fast": lambda run, x, sigmas: dpm_fast(
        x, *run.bounds, run.noise.draw, run.eta, run.settings.s_noise
    ),
    "DPM adaptive": lambda run, x, sigmas: dpm_adaptive(
        x, *run.bounds[:2], run.noise.draw, run.eta
    ),
    "Restart": lambda run, x, sigmas: restart(x, sigmas, run.noise.draw),
    "LCM": lambda run, x, sigmas: lcm(x, sigmas, run.noise.draw, lcm_levels(run.levels)),
}


def _walk_from(
    settings: SamplerSettings,
    levels: NoiseLevels,
    noise: NoiseSource,
    latent: Tensor,
    first: Tensor,
    start: Start,
) -> Sampler:
    """A timestep sampler from a latent; the noise is that of the timestep above the first asked."""
    visited = ddim_timesteps(start.schedule_steps, len(levels.sigmas))
    alpha = levels.alphas_cumprod[visited[start.t_enc]]
    x = sqrt(alpha) * latent + sqrt(1 - alpha) * first + start.extra_noise * sqrt(alpha) * first
    used = visited[: start.t_enc]
    clock_start = (used[-1] + 1) / len(levels.sigmas) if used else 1.0
    return _walk(settings, levels, noise, x, used, clock_start)


def _walk(
    settings: SamplerSettings,
    levels: NoiseLevels,
    noise: NoiseSource,
    x: Tensor,
    visited: Sequence[int],
    clock_start: float,
) -> Sampler:
    """A timestep sampler from a noisy latent of unit variance."""
    alphas = levels.alphas_cumprod
    match settings.sampler:
        case "DDIM":
            return ddim(x, visited, alphas, noise.draw, settings.eta or 0.0)
        case "DDIM CFG++":
            return ddim_cfgpp(x, visited, alphas, noise.draw, settings.eta or 0.0)
        case "PLMS":
            return plms(x, visited, alphas)
        case _:
            return _unipc(settings, alphas, x, len(visited), clock_start)


def _unipc(
    settings: SamplerSettings, alphas: Sequence[float], x: Tensor, steps: int, start: float
) -> Sampler:
    if steps < settings.unipc_order:
        wanted = f"UniPC of order {settings.unipc_order} wants at least so many steps, not {steps}"
        raise InvalidRequest("steps", wanted)
    clock = ContinuousTime(alphas)
    return unipc(
        x,
        unipc_moments(clock, steps, start, settings.unipc_skip_type),
        len(alphas),
        settings.unipc_order,
        settings.unipc_variant,
        lower_order_final=settings.unipc_lower_order_final,
    )


def _info(settings: SamplerSettings) -> SamplerInfo:
    return find_sampler(settings.sampler)[0]
