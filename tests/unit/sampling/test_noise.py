"""Noise sources against numbers that A1111 draws, and each against the others beside it."""

from dataclasses import replace

import pytest
import torch

from tintype.core.sampler_settings import NoiseSettings, RandomSource
from tintype.sampling import NoiseSource
from tintype.sampling.noise import slerp
from tintype.sampling.philox import Philox

SHAPE = (4, 8, 8)
SEED_8 = NoiseSettings(8)
SOURCES: list[RandomSource] = ["CPU", "GPU", "NV"]


def first(settings: NoiseSettings, shape: tuple[int, int, int] = SHAPE) -> torch.Tensor:
    return NoiseSource(settings, shape).first()


def test_noise_is_that_of_a1111() -> None:
    """Seed 1234 draws the numbers A1111 draws on a CPU; a GPU that is a CPU does too."""
    for source in ("CPU", "GPU"):
        drawn = first(NoiseSettings(1234, source), (1, 2, 2)).flatten()
        assert drawn.numpy() == pytest.approx([0.0461, 0.4024, -1.0115, 0.2167], abs=5e-5)


def test_philox_is_that_of_a1111() -> None:
    """Seeds 1234 and 0 draw the numbers A1111's "NV" draws."""
    wanted = [-1.6164904, 0.5684552, -0.5102246, -0.9113394]
    wanted += [-1.1555171, -0.2261509, -1.2891325, 1.0653822]
    assert first(NoiseSettings(1234, "NV"), (4, 2, 2)).flatten()[:8].numpy() == pytest.approx(
        wanted, abs=2e-7
    )
    assert Philox(0).normal(12)[:4] == pytest.approx(
        [-0.9246624, -0.42534396, -2.6438458, 0.14518388], abs=2e-7
    )


def test_philox_counts_draws() -> None:
    """Each draw is another, a longer draw begins like a shorter one, and high seed bits count."""
    source = Philox(5)
    one, two = source.normal(16), source.normal(16)
    assert (one != two).all()
    assert (Philox(5).normal(40)[:16] == one).all()
    assert (Philox(5 + 2**32).normal(16) != one).all()


@pytest.mark.parametrize("source", SOURCES)
def test_noise_belongs_to_its_image(source: RandomSource) -> None:
    """Drawing from one source changes nothing in another."""
    settings = replace(SEED_8, source=source)
    alone = NoiseSource(settings, SHAPE)
    wanted = [alone.first(), alone.draw(), alone.brownian(0.1, 10.0)(5.0, 2.0)]
    here, other = NoiseSource(settings, SHAPE), NoiseSource(replace(settings, seed=9), SHAPE)
    path, other_path = here.brownian(0.1, 10.0), other.brownian(0.1, 10.0)
    drawn = [(here.first(), other.first())[0], (other.draw(), here.draw())[1]]
    drawn.append((other_path(5.0, 2.0), path(5.0, 2.0))[1])
    for ours, theirs in zip(drawn, wanted, strict=True):
        assert ours.dtype == torch.float32
        assert torch.equal(ours, theirs)


def test_ensd_changes_all_but_the_first() -> None:
    """After the first latent the seed is the sum, and its first latent is drawn again."""
    delta = NoiseSource(replace(SEED_8, ensd=100), SHAPE)
    assert torch.equal(delta.first(), first(SEED_8))
    assert torch.equal(delta.draw(), first(replace(SEED_8, seed=108)))


def test_subseed() -> None:
    """Strength 0 is the seed's noise, 1 the subseed's, and between them is noise as well."""
    seed, subseed = first(SEED_8), first(replace(SEED_8, seed=9))
    bent = replace(SEED_8, subseed=9, subseed_strength=0.4)
    assert torch.equal(first(replace(bent, subseed_strength=0.0)), seed)
    torch.testing.assert_close(first(replace(bent, subseed_strength=1.0)), subseed)
    assert first(bent, (4, 64, 64)).std().item() == pytest.approx(1.0, abs=0.03)


def test_slerp_turns_each_column() -> None:
    """Columns turn by their own angle; almost equal noises are mixed the wrong way round."""
    here = torch.tensor([[[1.0, 2.0], [0.0, 0.0]]])
    there = torch.tensor([[[0.0, 0.0], [1.0, 2.0]]])
    half = torch.tensor([[[1.0, 2.0], [1.0, 2.0]]]) * 0.5**0.5
    torch.testing.assert_close(slerp(0.5, here, there), half)
    torch.testing.assert_close(slerp(0.25, here, 3 * here), here * 0.25 + 3 * here * 0.75)


@pytest.mark.parametrize(
    ("pixels", "inner", "outer"),
    [
        ((64, 64), (slice(0, 8), slice(0, 8)), (slice(2, 10), slice(1, 9))),  # smaller
        ((128, 128), (slice(2, 14), slice(3, 13)), (slice(0, 12), slice(0, 10))),  # larger
    ],
)
def test_seed_resize_keeps_the_middle(
    pixels: tuple[int, int], inner: tuple[slice, slice], outer: tuple[slice, slice]
) -> None:
    """The noise of the old size lies in the middle of the new one's own."""
    width, height = pixels
    old = first(SEED_8, (4, height // 8, width // 8))
    new = first(replace(SEED_8, resize_from=pixels), (4, 12, 10))
    assert torch.equal(new[:, outer[0], outer[1]], old[:, inner[0], inner[1]])
    new[:, outer[0], outer[1]] = first(SEED_8, (4, 12, 10))[:, outer[0], outer[1]]
    assert torch.equal(new, first(SEED_8, (4, 12, 10)))


def test_brownian_noise_is_one_path() -> None:
    """Two short steps add up to the long one, and noise of whatever step has spread 1."""
    path = NoiseSource(SEED_8, (4, 32, 32)).brownian(0.03, 14.6)
    long = path(9.0, 1.0) * (9.0 - 1.0) ** 0.5
    short = path(9.0, 4.0) * 5.0**0.5 + path(4.0, 1.0) * 3.0**0.5
    torch.testing.assert_close(short, long, atol=1e-5, rtol=1e-5)
    for step in ((14.6, 9.0), (9.0, 8.99), (0.05, 0.03)):
        assert path(*step).std().item() == pytest.approx(1.0, abs=0.06)
    assert torch.corrcoef(torch.stack([path(9, 4).flatten(), path(4, 1).flatten()]))[0, 1] < 0.06


def test_brownian_noise_knows_neither_draws_nor_subseed() -> None:
    """It is the seed's alone, whatever was drawn before."""
    plain, bent = (
        NoiseSource(SEED_8, SHAPE),
        NoiseSource(replace(SEED_8, subseed_strength=0.5, ensd=3), SHAPE),
    )
    bent.first()
    bent.draw()
    assert torch.equal(plain.brownian(0.1, 9.0)(3, 2), bent.brownian(0.1, 9.0)(3, 2))


def test_brownian_noise_outside_its_range() -> None:
    """Levels beyond the ends count as the ends: float32 logarithms may overshoot."""
    path = NoiseSource(SEED_8, SHAPE).brownian(0.1, 9.0)
    assert torch.isfinite(path(9.000001, 0.0999999)).all()
    assert not path(9.000002, 9.000001).any()
