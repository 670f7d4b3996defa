"""Samplers against data whose exact denoiser is known."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import exp, log, sqrt

import pytest
import torch
from tests.fakes.denoisers import DATA_SPREAD, answer_all, exact_way, gaussian
from torch import Tensor

from tintype.core.noise_levels import scaled_linear_levels
from tintype.core.orders import Denoise, Sampler
from tintype.sampling.samplers.dpm2 import dpm2, dpm2_ancestral
from tintype.sampling.samplers.dpm_solver import dpm_adaptive, dpm_fast, fast_orders
from tintype.sampling.samplers.dpmpp import dpmpp_2m, dpmpp_2s_ancestral
from tintype.sampling.samplers.euler import euler, euler_ancestral, heun
from tintype.sampling.samplers.lms import lms, multistep_weights
from tintype.sampling.samplers.restart import restart, restart_steps
from tintype.sampling.samplers.sde import dpmpp_2m_sde, dpmpp_3m_sde, dpmpp_sde
from tintype.sampling.samplers.steps import Churn, ancestral_split
from tintype.sampling.samplers.timesteps import ddim, ddim_cfgpp, ddim_timesteps, plms
from tintype.sampling.samplers.unipc import ContinuousTime, unipc, unipc_moments
from tintype.sampling.schedules import karras_sigmas

SHAPE = (2, 4, 4)
HIGH, LOW = 10.0, 0.05
ALPHAS = scaled_linear_levels().alphas_cumprod
Along = Callable[[Tensor, Sequence[float]], Sampler]


def none_wanted(*_: float) -> Tensor:
    """A noise source for samplers that must not use its noise."""
    return torch.full(SHAPE, torch.nan)


def zeros(*_: float) -> Tensor:
    return torch.zeros(SHAPE)


ALONG_SIGMAS: dict[str, tuple[Along, int]] = {
    "Euler": (lambda x, s: euler(x, s, none_wanted), 1),
    "Euler a": (lambda x, s: euler_ancestral(x, s, zeros, 0.0), 1),
    "Heun": (lambda x, s: heun(x, s, none_wanted), 2),
    "DPM2": (lambda x, s: dpm2(x, s, none_wanted), 2),
    "DPM2 a": (lambda x, s: dpm2_ancestral(x, s, zeros, 0.0), 2),
    "DPM++ 2M": (lambda x, s: dpmpp_2m(x, s), 2),
    "DPM++ 2S a": (lambda x, s: dpmpp_2s_ancestral(x, s, zeros, 0.0), 2),
    "DPM++ SDE": (lambda x, s: dpmpp_sde(x, s, zeros, 0.0), 2),
    "DPM++ 2M SDE": (lambda x, s: dpmpp_2m_sde(x, s, none_wanted, 0.0), 2),
    "DPM++ 2M SDE Heun": (lambda x, s: dpmpp_2m_sde(x, s, none_wanted, 0.0, 1.0, "heun"), 2),
    "DPM++ 3M SDE": (
        lambda x, s: dpmpp_3m_sde(x, s, none_wanted, 0.0),
        2,
    ),  # its first step is Euler
    "LMS": (lambda x, s: lms(x, s), 3),  # 4, but for its first steps
    "DPM fast": (lambda x, s: dpm_fast(x, HIGH, LOW, 3 * len(s) - 1, zeros, 0.0), 3),
}


def noisy() -> Tensor:
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(1)).double()


def geometric(steps: int, low: float = LOW, high: float = HIGH) -> list[float]:
    """Levels evenly spaced in log sigma, not ending in zero, where the order can be measured."""
    return [exp(log(high) + (log(low) - log(high)) * i / steps) for i in range(steps + 1)]


def measured_order(error: Callable[[int], float], steps: int) -> float:
    return log(error(steps) / error(2 * steps)) / log(2)


@pytest.mark.parametrize("name", ALONG_SIGMAS)
def test_order_of_convergence(name: str) -> None:
    """Halving the steps' width divides the error by 2 to the sampler's order."""
    sampler, order = ALONG_SIGMAS[name]
    x = noisy() * HIGH
    wanted = x * exact_way(HIGH, LOW)

    def error(steps: int) -> float:
        return (answer_all(sampler(x, geometric(steps)), gaussian) - wanted).abs().max().item()

    assert measured_order(error, 80) == pytest.approx(order, abs=0.3)


def vp_way(first: float, last: float) -> float:
    """What the probability flow does to a latent of unit variance, from one ᾱ to another."""
    return sqrt((DATA_SPREAD**2 * last + 1 - last) / (DATA_SPREAD**2 * first + 1 - first))


def test_ddim_is_of_order_one() -> None:
    """Twice the timesteps halve DDIM's error."""

    def error(steps: int) -> float:
        visited = [1 + i * (900 // steps) for i in range(steps + 1)]
        end = answer_all(ddim(noisy(), visited, ALPHAS, zeros), gaussian)
        return (end - noisy() * vp_way(ALPHAS[901], ALPHAS[1])).abs().max().item()

    assert measured_order(error, 50) == pytest.approx(1, abs=0.15)


def test_plms_is_closer_than_ddim() -> None:
    """With as many timesteps PLMS errs ten times less."""
    visited = [1 + 18 * i for i in range(51)]
    wanted = noisy() * vp_way(ALPHAS[901], ALPHAS[1])
    far = (answer_all(ddim(noisy(), visited, ALPHAS, zeros), gaussian) - wanted).abs().max()
    near = (answer_all(plms(noisy(), visited, ALPHAS), gaussian) - wanted).abs().max()
    assert near < far / 10


@pytest.mark.parametrize("variant", ["bh1", "bh2", "vary_coeff"])
@pytest.mark.parametrize("skip_type", ["time_uniform", "time_quadratic", "logSNR"])
def test_unipc_is_close(variant: str, skip_type: str) -> None:
    """Every variant on every grid comes near the exact way in sixty steps."""
    clock = ContinuousTime(ALPHAS)
    moments = unipc_moments(clock, 60, 0.9, skip_type)
    end = answer_all(unipc(noisy(), moments, variant=variant), gaussian)
    wanted = noisy() * vp_way(moments[0].alpha ** 2, moments[-1].alpha ** 2)
    assert (end - wanted).abs().max() < 0.03


@pytest.mark.parametrize("order", [1, 2])
def test_unipc_order(order: int) -> None:
    """The corrector makes UniPC one order better than its predictor."""
    clock = ContinuousTime([exp(-k / 50) for k in range(1, 1001)])  # smooth: no kinks at timesteps

    def error(steps: int) -> float:
        moments = unipc_moments(clock, steps, 0.3, "logSNR")
        sampler = unipc(noisy(), moments, order=order, variant="bh2", lower_order_final=False)
        end = answer_all(sampler, gaussian)
        way = vp_way(moments[0].alpha ** 2, moments[-1].alpha ** 2)
        return (end - noisy() * way).abs().max().item()

    assert measured_order(error, 40) >= order + 0.7


STOCHASTIC: dict[str, Callable[[Tensor, list[float], Callable[..., Tensor]], Sampler]] = {
    "Euler churned": lambda x, s, noise: euler(x, s, noise, Churn(20.0)),
    "Heun churned": lambda x, s, noise: heun(x, s, noise, Churn(20.0)),
    "DPM2 churned": lambda x, s, noise: dpm2(x, s, noise, Churn(20.0)),
    "Euler a": lambda x, s, noise: euler_ancestral(x, s, noise),
    "DPM2 a": lambda x, s, noise: dpm2_ancestral(x, s, noise),
    "DPM++ 2S a": lambda x, s, noise: dpmpp_2s_ancestral(x, s, noise),
    "DPM++ SDE": lambda x, s, noise: dpmpp_sde(x, s, noise),
    "DPM++ 2M SDE": lambda x, s, noise: dpmpp_2m_sde(x, s, noise),
    "DPM++ 3M SDE": lambda x, s, noise: dpmpp_3m_sde(x, s, noise),
    "DPM fast": lambda x, s, noise: dpm_fast(x, s[0], 0.03, 120, noise),
    "DPM adaptive": lambda x, s, noise: dpm_adaptive(x, s[0], 0.03, noise),
    "Restart": lambda x, s, noise: restart(x, s, noise),
}


@pytest.mark.parametrize("name", STOCHASTIC)
def test_ends_at_the_data(name: str) -> None:
    """With fresh noise on the way, latents end spread as the data are."""
    generator = torch.Generator().manual_seed(3)
    sigmas = karras_sigmas(80, 0.03, 14.6)

    def noise(*_: float) -> Tensor:
        return torch.randn(4, 64, 64, generator=generator)

    end = answer_all(STOCHASTIC[name](noise() * sigmas[0], sigmas, noise), gaussian)
    assert end.std().item() == pytest.approx(DATA_SPREAD, rel=0.08)


def test_ancestral_split_keeps_the_variance() -> None:
    """The way down and the noise up make the level that was wanted."""
    down, up = ancestral_split(3.0, 2.0, 1.0)
    assert sqrt(down**2 + up**2) == pytest.approx(2.0)
    assert ancestral_split(3.0, 0.0, 1.0) == (0.0, 0.0)
    assert ancestral_split(3.0, 2.0, 0.0) == (2.0, 0.0)


def asked(sampler: Sampler) -> list[Denoise]:
    """The questions a sampler asks."""
    questions: list[Denoise] = []

    def note(question: Denoise) -> Tensor:
        questions.append(question)
        return gaussian(question)

    answer_all(sampler, note)
    return questions


def test_questions_follow_the_schedule() -> None:
    """Samplers of one question a step ask at every level but the last, the highest first."""
    sigmas = karras_sigmas(7, 0.03, 14.6)
    for sampler in (
        euler(noisy(), sigmas, none_wanted),
        euler_ancestral(noisy(), sigmas, zeros),
        lms(noisy(), sigmas),
        dpmpp_2m(noisy(), sigmas),
        dpmpp_2m_sde(noisy(), sigmas, zeros),
        dpmpp_3m_sde(noisy(), sigmas, zeros),
    ):
        assert [question.sigma for question in asked(sampler)] == sigmas[:-1]


def test_second_order_samplers_ask_twice_but_at_the_end() -> None:
    """Seven steps of those are thirteen questions."""
    sigmas = karras_sigmas(7, 0.03, 14.6)
    for sampler in (
        heun(noisy(), sigmas, none_wanted),
        dpm2(noisy(), sigmas, none_wanted),
        dpm2_ancestral(noisy(), sigmas, zeros),
        dpmpp_2s_ancestral(noisy(), sigmas, zeros),
        dpmpp_sde(noisy(), sigmas, zeros),
        restart(noisy(), sigmas, none_wanted),
    ):
        assert len(asked(sampler)) == 13


@pytest.mark.parametrize("evaluations", range(1, 12))
def test_dpm_fast_asks_as_often_as_told(evaluations: int) -> None:
    """The orders of its steps add up to the questions it may ask."""
    assert sum(fast_orders(evaluations)) == evaluations
    sampler = dpm_fast(noisy(), HIGH, LOW, evaluations, zeros)
    assert len(asked(sampler)) == evaluations


def test_lms_weights_integrate_polynomials() -> None:
    """The weights are exact for a cubic slope."""
    known = [3.0, 4.5, 7.0, 9.0]
    weights = multistep_weights(known, 3.0, 1.2)
    integral = (1.2**4 - 3.0**4) / 4
    assert sum(w * t**3 for w, t in zip(weights, known, strict=True)) == pytest.approx(integral)


@pytest.mark.parametrize(("steps", "jumps"), [(8, 0), (19, 0), (20, 1), (35, 1), (36, 2), (50, 2)])
def test_restart_goes_back(steps: int, jumps: int) -> None:
    """A restart climbs from near 0.1 to near 2; the number of steps stays what was asked for."""
    way = restart_steps(karras_sigmas(steps, 0.03, 14.6))
    climbs = [(a[1], b[0]) for a, b in pairwise(way) if b[0] > 1.1 * a[1]]
    assert len(way) == steps
    assert len(climbs) == jumps
    for low, high in climbs:
        assert 0.05 < low < 0.2
        assert 1.2 < high < 3.0


@pytest.mark.parametrize(
    ("steps", "length", "last"), [(20, 20, 951), (28, 29, 981), (30, 31, 991), (1, 1, 1)]
)
def test_ddim_timesteps(steps: int, length: int, last: int) -> None:
    """The timesteps A1111 visits, one more than asked for where 1000 is no multiple."""
    visited = ddim_timesteps(steps)
    assert (len(visited), visited[0], visited[-1]) == (length, 1, last)


def test_timestep_samplers_name_their_timesteps() -> None:
    """They ask at their own timesteps, at the level that belongs to each."""
    visited = ddim_timesteps(5)
    for sampler, wanted in (
        (ddim(noisy(), visited, ALPHAS, zeros), [801, 601, 401, 201]),
        (plms(noisy(), visited, ALPHAS), [801, 601, 601, 401, 201]),
    ):
        questions = asked(sampler)
        assert [question.timestep for question in questions] == wanted
        for question, timestep in zip(questions, wanted, strict=True):
            variance = (1 - ALPHAS[timestep]) / ALPHAS[timestep]
            assert question.sigma == pytest.approx(sqrt(variance))


def test_ddim_of_one_timestep_asks_nothing() -> None:
    """A1111's DDIM with one step hands back its noise."""
    assert torch.equal(answer_all(ddim(noisy(), [1], ALPHAS, zeros), gaussian), noisy())


def test_ddim_cfgpp_goes_along_the_unconditional_noise() -> None:
    """With guidance that is 12.5 times too strong it makes DDIM's picture, but not its noise."""
    x, (alpha, alpha_next) = noisy(), (ALPHAS[901], ALPHAS[801])

    def both(question: Denoise) -> Tensor:
        assert question.wants_uncond
        uncond = 0.5 * question.x
        return torch.stack([uncond + 12.5, uncond])

    end = answer_all(ddim_cfgpp(x, [801, 901], ALPHAS, zeros), both)
    seen, sigma = x / sqrt(alpha), sqrt((1 - alpha) / alpha)
    picture, noise = 0.5 * seen + 1, 0.5 * seen / sigma
    wanted = sqrt(alpha_next) * picture + sqrt(1 - alpha_next) * noise
    torch.testing.assert_close(end, wanted)
