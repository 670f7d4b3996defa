"""Samplers as recipes start them."""

from dataclasses import replace
from math import sqrt

import pytest
import torch
from tests.fakes.denoisers import DATA_SPREAD, answer_all, gaussian
from torch import Tensor

from tintype.core.noise_levels import altered, scaled_linear_levels
from tintype.core.orders import Denoise, Sampler
from tintype.core.sampler_settings import NoiseSettings, SamplerSettings
from tintype.core.samplers import SAMPLERS
from tintype.errors import InvalidRequest
from tintype.sampling import NoiseSource, Start, from_latent, from_noise, img2img_start, sigmas_for

LEVELS = scaled_linear_levels()
SHAPE = (4, 8, 8)
EULER = SamplerSettings("Euler", steps=20)
LATENT = torch.randn(SHAPE, generator=torch.Generator().manual_seed(5)) * DATA_SPREAD
ALL_BUT_CFGPP = [info.name for info in SAMPLERS if info.name != "DDIM CFG++"]


def noise(seed: int = 1, shape: tuple[int, int, int] = SHAPE) -> NoiseSource:
    return NoiseSource(NoiseSettings(seed), shape)


def questions(sampler: Sampler) -> list[Denoise]:
    asked: list[Denoise] = []

    def note(question: Denoise) -> Tensor:
        asked.append(question)
        return gaussian(question)

    answer_all(sampler, note)
    return asked


@pytest.mark.parametrize("name", [name for name in ALL_BUT_CFGPP if name != "LCM"])
def test_every_sampler_makes_data_of_noise(name: str) -> None:
    """Every sampler ends with latents spread as the data are; LCM wants another network."""
    settings = SamplerSettings(name, "Karras", steps=50, eta=0.0)
    end = answer_all(from_noise(settings, LEVELS, noise(3, (4, 32, 32))), gaussian)
    assert end.std().item() == pytest.approx(DATA_SPREAD, rel=0.08)


@pytest.mark.parametrize("name", ALL_BUT_CFGPP)
def test_every_sampler_starts_from_a_latent(name: str) -> None:
    """At low strength every sampler stays near the latent it was given."""
    start = Start(*img2img_start(20, 0.3, fixes_steps=False))
    end = answer_all(
        from_latent(replace(EULER, sampler=name), LEVELS, noise(), LATENT, start), hold
    )
    assert (end - LATENT).std().item() < 0.15


def hold(_: Denoise) -> Tensor:
    """A denoiser that always sees the same picture."""
    return LATENT


def test_first_question() -> None:
    """Noise is scaled to the first level, to a little more with sgm_noise, and not for DDIM."""
    first = noise().first()
    (plain, *_), (sgm, *_), (ddim, *_) = (
        questions(from_noise(settings, LEVELS, noise()))
        for settings in (EULER, replace(EULER, sgm_noise=True), replace(EULER, sampler="DDIM"))
    )
    torch.testing.assert_close(plain.x, first * plain.sigma)
    torch.testing.assert_close(sgm.x, first * sqrt(1 + sgm.sigma**2))
    torch.testing.assert_close(ddim.x, first * sqrt(1 + ddim.sigma**2))
    assert (plain.timestep, ddim.timestep) == (None, 951)


@pytest.mark.parametrize(
    ("steps", "strength", "fixes_steps", "wanted"),
    [
        (20, 0.75, False, (20, 15)),
        (20, 1, False, (20, 19)),
        (20, 0.5, False, (20, 10)),
        (20, 0.05, False, (20, 1)),
        (20, 0, False, (20, 0)),
        (20, 0.75, True, (26, 19)),
        (20, 0.5, True, (40, 19)),
        (10, 0.7, True, (14, 9)),
        (20, 0.35, True, (57, 19)),
        (20, 0, True, (0, 19)),
    ],
)
def test_img2img_start(
    steps: int, strength: float, *, fixes_steps: bool, wanted: tuple[int, int]
) -> None:
    """A1111's numbers of steps."""
    assert img2img_start(steps, strength, fixes_steps=fixes_steps) == wanted


def test_from_latent_uses_the_end_of_the_schedule() -> None:
    """The last t_enc + 1 steps, from the latent with noise of the first level used."""
    sigmas = sigmas_for(EULER, LEVELS, 20)
    asked = questions(from_latent(EULER, LEVELS, noise(), LATENT, Start(20, 10)))
    assert [question.sigma for question in asked] == sigmas[9:-1]
    torch.testing.assert_close(asked[0].x, LATENT + noise().first() * sigmas[9])


def test_noise_multiplier_and_extra_noise() -> None:
    """The first noise is multiplied, and the extra noise is the same noise."""
    sigmas, first = sigmas_for(EULER, LEVELS, 20), noise().first()
    asked = questions(from_latent(EULER, LEVELS, noise(), LATENT, Start(20, 10, 0.1, 0.8)))
    torch.testing.assert_close(asked[0].x, LATENT + 0.8 * first * (sigmas[9] + 0.1))
    ddim = replace(EULER, sampler="DDIM")
    asked = questions(from_latent(ddim, LEVELS, noise(), LATENT, Start(20, 10, 0.1)))
    share, seen = LEVELS.alphas_cumprod[501], LEVELS.alphas_cumprod[451]
    wanted = sqrt(share) * LATENT + sqrt(1 - share) * first + 0.1 * sqrt(share) * first
    torch.testing.assert_close(asked[0].x * sqrt(seen), wanted)
    assert [question.timestep for question in asked] == [451 - 50 * i for i in range(9)]


def test_no_schedule_leaves_the_latent() -> None:
    """Strength 0 in the hires pass asks nothing, for whatever sampler."""
    for name in ("Euler", "DDIM", "DPM fast", "DPM++ SDE"):
        sampler = from_latent(replace(EULER, sampler=name), LEVELS, noise(), LATENT, Start(0, 19))
        assert torch.equal(answer_all(sampler, gaussian), LATENT)


def test_dpm_fast_ends_at_the_level_before_the_last() -> None:
    """From a latent it goes to the last level but one of the schedule; from noise to the lowest."""
    fast = replace(EULER, sampler="DPM fast", schedule="KL Optimal", eta=0.0)
    sigmas = sigmas_for(fast, LEVELS, 20)
    asked = questions(from_latent(fast, LEVELS, noise(), LATENT, Start(20, 10)))
    assert len(asked) == 11
    assert asked[-1].sigma > sigmas[-2] > LEVELS.sigma_min


@pytest.mark.parametrize("name", ["DPM++ SDE", "DPM++ 2M SDE", "DPM++ 3M SDE"])
def test_brownian_noise_spans_the_whole_schedule(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from a latent, where only its end is walked."""
    settings, source = replace(EULER, sampler=name), noise()
    spans: list[tuple[float, float]] = []
    make = source.brownian

    def note(low: float, high: float) -> object:
        spans.append((low, high))
        return make(low, high)

    monkeypatch.setattr(source, "brownian", note)
    from_latent(settings, LEVELS, source, LATENT, Start(20, 5))
    sigmas = sigmas_for(settings, LEVELS, 20)
    assert spans == [(sigmas[-2], sigmas[0])]


def test_clock() -> None:
    """Quantized clocks show whole timesteps, altered tables their own, LCM every twentieth."""
    karras = replace(EULER, schedule="Karras", steps=4)
    quantized = questions(from_noise(replace(karras, quantizes=True), LEVELS, noise()))
    assert [q.timestep for q in quantized] == [LEVELS.nearest_timestep(q.sigma) for q in quantized]
    shifted = questions(from_noise(replace(karras, zero_terminal_snr=True), LEVELS, noise()))
    table = altered(LEVELS, zero_terminal_snr=True)
    assert shifted[0].sigma == pytest.approx(table.sigma_max)
    assert [q.timestep for q in shifted] == [table.timestep(q.sigma) for q in shifted]
    lcm = questions(from_noise(replace(karras, sampler="LCM"), LEVELS, noise()))
    assert [(q.timestep or 0) % 20 for q in lcm] == [19] * 4


def test_only_some_samplers_mind_churn() -> None:
    """Churn moves Euler's first level; samplers without it go their way."""
    churned = questions(from_noise(replace(EULER, s_churn=5.0), LEVELS, noise()))
    assert churned[0].sigma == pytest.approx(LEVELS.sigma_max * 1.25)
    for name in ("Euler a", "DPM++ 2M", "LMS"):
        settings = replace(EULER, sampler=name, s_churn=5.0, s_noise=3.0)
        plain = from_noise(replace(EULER, sampler=name), LEVELS, noise())
        bent = from_noise(settings, LEVELS, noise())
        assert torch.equal(answer_all(bent, gaussian), answer_all(plain, gaussian))


def test_unipc_wants_as_many_steps_as_its_order() -> None:
    """Fewer are refused, from noise and from a latent."""
    settings = replace(EULER, sampler="UniPC", steps=2)
    with pytest.raises(InvalidRequest, match="order 3"):
        from_noise(settings, LEVELS, noise())
    with pytest.raises(InvalidRequest, match="order 3"):
        from_latent(settings, LEVELS, noise(), LATENT, Start(20, 2))
