"""Samplers against data whose exact denoiser is known."""

from collections.abc import Callable
from math import exp, log, sqrt

import pytest
import torch
from torch import Tensor

from tintype.core.orders import Denoise, Sampler
from tintype.core.samplers import SAMPLERS
from tintype.sampling import (
    NoiseSource,
    dpmpp_2m,
    euler,
    euler_ancestral,
    karras_sigmas,
    sampler_called,
)
from tintype.sampling.samplers import ancestral_split

SHAPE = (4, 8, 8)
DATA_SPREAD = 0.7  # standard deviation of the Gaussian data


def answer_all(sampler: Sampler, denoiser: Callable[[Denoise], Tensor]) -> Tensor:
    """Run a sampler to its end."""
    try:
        question = next(sampler)
        while True:
            question = sampler.send(denoiser(question))
    except StopIteration as end:
        return end.value


def gaussian(question: Denoise) -> Tensor:
    """The exact denoiser of Gaussian data around zero."""
    variance = DATA_SPREAD**2
    return question.x * (variance / (variance + question.sigma**2))


def exact_way(high: float, low: float) -> float:
    """By what the probability flow of Gaussian data scales a latent from `high` to `low`."""
    return sqrt((DATA_SPREAD**2 + low**2) / (DATA_SPREAD**2 + high**2))


def geometric(steps: int, low: float, high: float) -> list[float]:
    """Levels evenly spaced in log sigma, not ending in zero, where the order can be measured."""
    return [exp(log(high) + (log(low) - log(high)) * i / steps) for i in range(steps + 1)]


@pytest.mark.parametrize(("sampler", "order"), [(euler, 1), (dpmpp_2m, 2)])
def test_order_of_convergence(sampler: Callable[..., Sampler], order: int) -> None:
    """Halving the steps' width divides the error by 2 to the sampler's order."""
    x = NoiseSource(1, SHAPE).draw().double() * 10
    wanted = x * exact_way(10.0, 0.05)

    def error(steps: int) -> float:
        sigmas = geometric(steps, 0.05, 10.0)
        end = answer_all(sampler(x, sigmas, NoiseSource(1, SHAPE)), gaussian)
        return (end - wanted).abs().max().item()

    measured = log(error(80) / error(160)) / log(2)
    assert measured == pytest.approx(order, abs=0.25)


@pytest.mark.parametrize("name", [info.name for info in SAMPLERS])
def test_ends_at_the_data(name: str) -> None:
    """Every sampler in the list runs, and ends with latents spread as the data are."""
    sigmas = karras_sigmas(80, 0.03, 14.6)
    noise = NoiseSource(3, (4, 64, 64))
    end = answer_all(sampler_called(name)(noise.draw() * sigmas[0], sigmas, noise), gaussian)
    assert end.std().item() == pytest.approx(DATA_SPREAD, rel=0.08)


def test_euler_ancestral_without_eta_is_euler() -> None:
    """With eta 0 nothing is added, and the way is Euler's."""
    sigmas = karras_sigmas(10, 0.03, 14.6)
    x = NoiseSource(5, SHAPE).draw() * sigmas[0]
    plain = answer_all(euler(x, sigmas, NoiseSource(5, SHAPE)), gaussian)
    ancestral = answer_all(euler_ancestral(x, sigmas, NoiseSource(5, SHAPE), eta=0.0), gaussian)
    assert torch.equal(plain, ancestral)


def test_ancestral_split_keeps_the_variance() -> None:
    """The way down and the noise up make the level that was wanted."""
    down, up = ancestral_split(3.0, 2.0, 1.0)
    assert sqrt(down**2 + up**2) == pytest.approx(2.0)
    assert ancestral_split(3.0, 0.0, 1.0) == (0.0, 0.0)


def test_questions_follow_the_schedule() -> None:
    """A sampler asks once at every level but the last, the highest first."""
    asked: list[float] = []

    def note(question: Denoise) -> Tensor:
        asked.append(question.sigma)
        return gaussian(question)

    sigmas = karras_sigmas(7, 0.03, 14.6)
    for sampler in (euler, euler_ancestral, dpmpp_2m):
        asked.clear()
        answer_all(sampler(torch.ones(SHAPE), sigmas, NoiseSource(0, SHAPE)), note)
        assert asked == sigmas[:-1]


def test_noise_is_that_of_a1111() -> None:
    """Seed 1234 draws the numbers A1111 draws on a CPU."""
    drawn = NoiseSource(1234, (4,)).draw()
    assert drawn.numpy() == pytest.approx([0.0461, 0.4024, -1.0115, 0.2167], abs=5e-5)


def test_noise_belongs_to_its_image() -> None:
    """Drawing from one source changes nothing in another."""
    alone = NoiseSource(8, SHAPE)
    first, second = alone.draw(), alone.draw()
    here, other = NoiseSource(8, SHAPE), NoiseSource(9, SHAPE)
    other.draw()
    assert torch.equal(here.draw(), first)
    other.draw()
    assert torch.equal(here.draw(), second)
