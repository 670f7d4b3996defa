"""Pictures from words, with a fake in the place of every network."""

from dataclasses import replace
from math import sqrt

import pytest
import torch
from tests.fakes.answers import FakeNetworks, networks_of
from tests.fakes.plans import NOWHERE, small_plan

from tintype.core.orders import Decode, Encode, EncodePixels, Network
from tintype.core.requests import Hires, HiresSize, Plan, Refiner
from tintype.core.sampler_settings import NoiseSettings
from tintype.recipes import expected_calls, painted, txt2img

OTHER = Network(replace(NOWHERE, name="b.safetensors"))
SIZE = HiresSize(128, 128, 0, 0, ("Hires upscale", 2.0))


def with_hires(plan: Plan, upscaler: str = "Latent", strength: float = 0.5) -> Plan:
    """A plan with a second pass of twice the size by another checkpoint."""
    hires = Hires(SIZE, 0, upscaler, strength, "a dog", "", OTHER, plan.settings, plan.guidance)
    return replace(plan, hires=hires)


def noise(seed: int, *shape: int, skip: int = 0) -> torch.Tensor:
    """A draw of torch's generator on the CPU, some draws after its seed."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(skip):
        torch.randn(shape, generator=generator)
    return torch.randn(shape, generator=generator)


def test_orders_of_a_picture() -> None:
    """Both prompts are encoded, each step asks once, and the last latent is decoded."""
    fake, plan = FakeNetworks(), small_plan(steps=4, width=72, height=64)
    (picture,) = fake.play(txt2img(plan))
    assert fake.asked == "T×2 D×4 d"
    assert networks_of(fake.orders) == [plan.network] * 7
    assert [tuple(q.x.shape) for q in fake.questions] == [(4, 8, 9)] * 4
    sigmas = [q.sigma for q in fake.questions]
    assert sigmas == sorted(sigmas, reverse=True)
    assert (tuple(picture.shape), picture.dtype) == ((64, 72, 3), torch.uint8)


def test_the_first_latent_is_the_seeds_noise() -> None:
    """torch's noise of the seed, as large as the first noise level."""
    fake = FakeNetworks()
    fake.play(txt2img(small_plan(seed=42)))
    first = fake.questions[0]
    torch.testing.assert_close(first.x, noise(42, 4, 8, 8) * first.sigma)


def test_variations_lie_between_their_seeds() -> None:
    """At strength 1 the noise is the subseed's, at 0 the seed's."""
    plan = small_plan(seed=42)
    for strength, seed in ((0.0, 42), (1.0, 43)):
        fake = FakeNetworks()
        settings = NoiseSettings(42, subseed=43, subseed_strength=strength)
        fake.play(txt2img(replace(plan, noise=settings)))
        first = fake.questions[0]
        torch.testing.assert_close(first.x, noise(seed, 4, 8, 8) * first.sigma)


def test_sizes_are_whole_cells() -> None:
    """What is less than a cell is cut off."""
    (picture,) = FakeNetworks().play(txt2img(small_plan(width=71, height=65)))
    assert tuple(picture.shape) == (64, 64, 3)


@pytest.mark.parametrize(
    ("sampler", "questions", "expected"),
    [("Euler", 4, 4), ("Heun", 7, 8), ("DPM++ 2M", 4, 4), ("DDIM", 3, 4), ("DPM++ SDE", 7, 8)],
)
def test_how_often_samplers_ask(sampler: str, questions: int, expected: int) -> None:
    """Second order asks about twice a step, where A1111 counts two for each; DDIM once less."""
    fake, plan = FakeNetworks(), small_plan(sampler=sampler, steps=4)
    fake.play(painted(plan))
    assert (len(fake.questions), expected_calls(plan)) == (questions, expected)


def test_hires_by_latent() -> None:
    """The latent is enlarged as it is and denoised again, by the second checkpoint and prompt."""
    fake, plan = FakeNetworks(), with_hires(small_plan(steps=4, seed=42))
    (picture,) = fake.play(txt2img(plan))
    assert fake.asked == "T×2 D×4 T×2 D×4 d"
    assert networks_of(fake.orders) == [plan.network] * 6 + [OTHER] * 7
    assert [q.x.shape[-1] for q in fake.questions] == [8] * 4 + [16] * 4
    assert fake.questions[4].sigma < fake.questions[0].sigma
    assert tuple(picture.shape) == (128, 128, 3)
    assert expected_calls(plan) == 8
    dog = fake.of(Encode)[2]
    assert dog.texts != fake.of(Encode)[0].texts


def test_the_hires_pass_draws_new_noise_of_the_same_seed() -> None:
    """What is added to the enlarged latent is the first draw at the larger size."""
    fake = FakeNetworks()
    fake.play(txt2img(with_hires(small_plan(steps=4, seed=42), "Latent (nearest)")))
    last, begin = fake.questions[3], fake.questions[4]
    denoised = fake.play_again(last)
    enlarged = denoised.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    wanted = enlarged + noise(42, 4, 16, 16) * begin.sigma
    torch.testing.assert_close(begin.x, wanted, atol=1e-4, rtol=1e-4)


def test_hires_by_pixels() -> None:
    """With another upscaler the picture is decoded, enlarged and encoded again."""
    fake, plan = FakeNetworks(), with_hires(small_plan(steps=4), "Lanczos")
    fake.play(txt2img(replace(plan, encode_seed=9, encode_place=1)))
    assert fake.asked == "T×2 D×4 d P T×2 D×4 d"
    (encode,) = fake.of(EncodePixels)
    assert tuple(encode.pixels.shape) == (3, 128, 128)
    assert -1 <= encode.pixels.min() < encode.pixels.max() <= 1
    assert torch.equal(encode.noise, noise(9, 4, 16, 16, skip=1))
    assert encode.network == OTHER  # whose latents they will be
    assert networks_of(fake.of(Decode)) == [plan.network, OTHER]


def test_hires_without_denoising() -> None:
    """At strength 0 the enlarged latent is the picture."""
    fake = FakeNetworks()
    (picture,) = fake.play(txt2img(with_hires(small_plan(), strength=0.0)))
    assert fake.asked == "T×2 D×2 d"
    assert tuple(picture.shape) == (128, 128, 3)


def test_hires_is_cut_to_size() -> None:
    """Cells that are too many go from both sides, the odd one from right and bottom."""
    plan = with_hires(small_plan(), "Latent (nearest)", strength=0.0)
    assert plan.hires is not None
    whole, cut = FakeNetworks(), FakeNetworks()
    (large,) = whole.play(txt2img(plan))
    size = replace(SIZE, cut_columns=8, cut_rows=3)
    (small,) = cut.play(txt2img(replace(plan, hires=replace(plan.hires, size=size))))
    assert torch.equal(small, large[8 : 128 - 16, 32 : 128 - 32])


@pytest.mark.parametrize(("by_steps", "taken"), [(True, 2), (False, 3)])
def test_refiner_takes_over(*, by_steps: bool, taken: int) -> None:
    """After its share the words are encoded for it, and all later questions are its own.

    Of four steps of Euler the timesteps are 999, 666, 333 and 0: the second is a third of the way,
    the third two thirds.
    """
    plan = small_plan(steps=4)
    switch_at = 0.5 if by_steps else 0.9
    fake = FakeNetworks()
    fake.play(txt2img(replace(plan, refiner=Refiner(OTHER, switch_at, by_steps))))
    left = 4 - taken
    assert fake.asked == f"T×2 D×{taken} T×2 D{f'×{left}' if left > 1 else ''} d"
    assert networks_of(fake.questions) == [plan.network] * taken + [OTHER] * left
    first, _, again, _ = fake.of(Encode)
    assert (again.texts, again.network) == (first.texts, OTHER)
    assert fake.questions[-1].guidance is not None
    assert fake.questions[-1].guidance.conds[0][0] is fake.texts[2][0]


def test_refiner_of_a_hires_picture_belongs_to_the_second_pass() -> None:
    """The first pass is the base checkpoint's alone, as A1111's default has it."""
    plan = with_hires(small_plan(steps=4))
    fake = FakeNetworks()
    refiner = Refiner(Network(NOWHERE, tiling=True), 0.0)
    fake.play(txt2img(replace(plan, refiner=refiner)))
    assert networks_of(fake.questions) == [plan.network] * 4 + [refiner.network] * 4


def test_ancestral_steps_draw_from_the_seed() -> None:
    """Two runs of one plan are one picture; another seed is another."""
    plan = small_plan(sampler="Euler a", steps=3, seed=5)
    (one,), (again,) = (FakeNetworks().play(txt2img(plan)) for _ in range(2))
    (other,) = FakeNetworks().play(txt2img(small_plan(sampler="Euler a", steps=3, seed=6)))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_sgm_noise() -> None:
    """With its option the first noise has √(1 + σ²) as its spread."""
    plan = small_plan(seed=42)
    fake = FakeNetworks()
    fake.play(txt2img(replace(plan, settings=replace(plan.settings, sgm_noise=True))))
    first = fake.questions[0]
    torch.testing.assert_close(first.x, noise(42, 4, 8, 8) * sqrt(1 + first.sigma**2))
