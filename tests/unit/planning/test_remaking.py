"""From a picture's infotext back to the request."""

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.library import planned

from tintype.core.requests import (
    GuidanceSettings,
    HiresRequest,
    Init,
    Plan,
    RefinerRequest,
    Request,
)
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.samplers import SAMPLERS, SCHEDULES
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest
from tintype.planning import Library, infotext_for
from tintype.planning.remaking import Remake, remade
from tintype.prompt.infotext import read_infotext

SMALL = Request("a cat", "a dog", seed=7, subseed=0, steps=4, width=64, height=72)
HIRES = HiresRequest(0.7)
LEAST = "Steps: 4, Sampler: Euler, Seed: 1, Size: 64x64"


def read(plan: Plan) -> Remake:
    """What the infotext of a picture tells."""
    return remade(read_infotext(infotext_for(plan, "v1.10.1")))


def comparable(plan: Plan) -> Plan:
    """A plan without what leaves no trace in the picture: comments are gone, subseeds idle."""
    noise = plan.noise if plan.noise.subseed_strength else replace(plan.noise, subseed=0)
    text = replace(plan.text, keeps_comments=False)
    settings = replace(plan.settings, states_churn=False)
    return replace(plan, noise=noise, text=text, settings=settings, styles=())


FIELDS: list[dict[str, Any]] = [
    {},
    {"prompt": "two\nlines, (weighted:1.2) [a:b:0.5] \\(brackets\\) <lora:ink:0.5> moth"},
    {"prompt": "", "negative_prompt": ""},
    {"negative_prompt": ""},
    {"prompt": "a cat# ginger", "styles": ("Noir",)},
    {"seed": 2**63 - 1, "width": 8, "height": 2048, "steps": 150},
    {"subseed": 9, "subseed_strength": 0.25},
    {"seed_resize_from": (512, 768)},
    {"sampler": "Euler a", "ensd": 31337},
    {"sampler": "Euler a", "sampling": SamplerSettings(eta=0.5)},
    {"sampler": "DDIM", "sampling": SamplerSettings(eta=0.3)},
    {"sampler": "DPM++ 2M Karras", "checkpoint": "b"},
    {"guidance": GuidanceSettings(1.0)},
    {"guidance": GuidanceSettings(12.5, s_min_uncond=1.5, skip_early_cond=0.1)},
    {"guidance": GuidanceSettings(7.0, s_min_uncond=1.5, s_min_uncond_all=True)},
    {"random_source": "CPU"},
    {"random_source": "NV"},
    {"tiling": True, "token_merging": 0.5},
    {"prompt": "(a)", "text": TextSettings("No norm", clip_skip=2)},
    {"text": TextSettings(pads_uncond=True, old_schedule_rule=True)},
    {"text": TextSettings(pads_uncond_v0=True)},
    {"sampling": SamplerSettings(downcasts_alphas=True, zero_terminal_snr=True)},
    {"sampling": SamplerSettings(discards_penultimate=True, sgm_noise=True)},
    {"sampling": SamplerSettings(sigma_min=0.1, sigma_max=12.0, rho=5.0)},
    {"schedule": "Beta", "sampling": SamplerSettings(beta_alpha=0.7, beta_beta=0.5)},
    {
        "sampler": "Heun",
        "sampling": SamplerSettings(
            s_churn=3.0, s_tmin=0.2, s_tmax=9.0, s_noise=1.01, states_churn=True
        ),
    },
    {"refiner": RefinerRequest("b", 0.6)},
    {"refiner": RefinerRequest("b", 0.6, by_steps=True)},
    {"hires": HIRES},
    {"hires": replace(HIRES, scale=1.5, upscaler="Lanczos", steps=3, extra_noise=0.1)},
    {"hires": replace(HIRES, width=96, height=160), "token_merging_hires": 0.3},
    {"hires": replace(HIRES, height=160, prompt="a: b, c", negative_prompt="d")},
    {"hires": replace(HIRES, checkpoint="b", sampler="Euler a")},
    {"schedule": "Karras", "hires": replace(HIRES, sampler="Euler a")},
    {"sampler": "Euler", "hires": replace(HIRES, sampler="DPM++ 2M")},
    {"sampler": "Euler", "hires": replace(HIRES, schedule="Karras")},
]


@pytest.mark.parametrize("fields", FIELDS, ids=lambda fields: ", ".join(fields) or "plain")
def test_there_and_back(fields: dict[str, Any], library: Library) -> None:
    """The infotext of a picture asks for that picture again, whatever its settings."""
    (plan,) = planned(replace(SMALL, **fields), library)
    remake = read(plan)
    (again,) = planned(remake.request, library)
    assert comparable(again) == comparable(plan)
    assert remake.doubts == ()
    assert infotext_for(again, "v1.10.1") == infotext_for(plan, "v1.10.1")


@pytest.mark.parametrize("schedule", [None, *(s.label for s in SCHEDULES)])
@pytest.mark.parametrize("sampler", [s.name for s in SAMPLERS])
def test_every_sampler_and_schedule(sampler: str, schedule: str | None, library: Library) -> None:
    """Their names are read as they are written."""
    (plan,) = planned(replace(SMALL, sampler=sampler, schedule=schedule), library)
    assert planned(read(plan).request, library)[0].settings == plan.settings


def test_hashes(library: Library) -> None:
    """The remake knows which files the picture was made with."""
    (plan,) = planned(replace(SMALL, prompt="<lora:ink:1> <lora:wool:1>"), library)
    remake = read(plan)
    assert remake.model_hash == plan.network.checkpoint.shorthash
    assert remake.adapter_hashes == {a.record.name: a.record.hash for a in plan.network.adapters}


@pytest.mark.parametrize(
    ("sampler", "schedule"),
    [("DPM++ 2M", "Uniform"), ("DPM++ 2M Karras", "Karras"), ("Euler", "Automatic")],
)
def test_before_schedules_had_a_key(sampler: str, schedule: str, library: Library) -> None:
    """In an infotext without "Schedule type" a sampler's plain name meant even steps."""
    text = f"a cat\nSteps: 4, Sampler: {sampler}, CFG scale: 7, Seed: 1, Size: 64x64"
    (plan,) = planned(remade(read_infotext(text)).request, library)
    assert plan.settings.schedule == schedule


@pytest.mark.parametrize("key", ["Steps", "Sampler", "Seed", "Size", "Denoising strength"])
def test_what_must_be_told(key: str) -> None:
    """Without it there is no picture to be made, and the key is named."""
    whole = f"{LEAST}, Denoising strength: 0.5, Hires upscale: 2"
    line = ", ".join(pair for pair in whole.split(", ") if not pair.startswith(key))
    with pytest.raises(InvalidRequest, match=f"does not tell {key}"):
        remade(read_infotext(line))


@pytest.mark.parametrize(
    ("pair", "key"),
    [
        ("Steps: few", "Steps"),
        ("Seed: 1.5", "Seed"),
        ("Size: large", "Size"),
        ("CFG scale: high", "CFG scale"),
        ("Emphasis: Loud", "Emphasis"),
        ("Seed resize from: 1", "Seed resize from"),
    ],
)
def test_what_cannot_be_read(pair: str, key: str) -> None:
    """A value without sense is refused under its key."""
    with pytest.raises(InvalidRequest) as refusal:
        remade(read_infotext(f"{LEAST}, {pair}"))
    assert refusal.value.field == key


def test_doubts(library: Library) -> None:
    """What cannot be asked for here is told: foreign keys, other pictures."""
    text = f"{LEAST}, Denoising strength: 0.5, VAE: x.pt, ControlNet 0: canny"
    doubts = remade(read_infotext(text)).doubts
    assert [word in " ".join(doubts) for word in ("ControlNet 0", "img2img", "VAE")] == [
        True,
        True,
        False,
    ]
    (plan,) = planned(replace(SMALL, init=Init(b"")), library)
    assert any("img2img" in doubt for doubt in read(plan).doubts)
