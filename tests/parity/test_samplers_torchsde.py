"""Brownian noise against torchsde, whose normal numbers are replaced by the source's."""

from collections.abc import Callable, Generator
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
import torch
import torchsde  # pyright: ignore[reportMissingTypeStubs]
from torch import Tensor

from tintype.core.noise_levels import scaled_linear_levels
from tintype.core.sampler_settings import NoiseSettings, RandomSource, SamplerSettings
from tintype.sampling import NoiseSource, sigmas_for

SHAPE = (2, 4, 4)


@pytest.fixture
def tree_of() -> Generator[Callable[[NoiseSettings, list[float]], Any]]:
    """Makes torchsde's tree of an image; its nodes draw from the image's kind of source."""
    source: list[RandomSource] = []

    def normal(*_: object) -> Tensor:
        seed = int(str(_[-1]))
        return NoiseSource(NoiseSettings(seed, source[0]), SHAPE).first()

    def make(settings: NoiseSettings, sigmas: list[float]) -> Any:
        source[:] = [settings.source]
        return torchsde.BrownianTree(
            sigmas[-1], torch.zeros(SHAPE), sigmas[0], entropy=settings.seed
        )

    with patch("torchsde._brownian.brownian_interval._randn", normal):
        yield make


@pytest.mark.filterwarnings("ignore:Should have")  # levels that round beyond the ends
@pytest.mark.parametrize("source", ["CPU", "NV"])
@pytest.mark.parametrize("seed", [0, 1, 4294967295, 5_000_000_000])
@pytest.mark.parametrize("schedule", ["Karras", "Exponential", "Uniform"])
def test_same_path_as_torchsde(
    tree_of: Callable[[NoiseSettings, list[float]], Any],
    source: RandomSource,
    seed: int,
    schedule: str,
) -> None:
    """Every step of a schedule, and one across it, has torchsde's noise but for the last digit."""
    settings = NoiseSettings(seed, source)
    chosen = SamplerSettings("DPM++ 2M SDE", schedule)
    sigmas = sigmas_for(chosen, scaled_linear_levels(), 8)[:-1]
    tree = tree_of(settings, sigmas)
    path = NoiseSource(settings, SHAPE).brownian(sigmas[-1], sigmas[0])
    for here, there in [*pairwise(sigmas), (sigmas[1], sigmas[-2])]:
        wanted = -tree(there, here) / (here - there) ** 0.5
        torch.testing.assert_close(path(here, there), wanted, rtol=1e-5, atol=1e-6)
