from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.library import planned
from tests.fakes.plans import NOWHERE, small_plan

from tintype.core.mask_settings import MaskSettings, SoftInpainting
from tintype.core.orders import Network
from tintype.core.requests import (
    GuidanceSettings,
    HiresRequest,
    Init,
    RefinerRequest,
    Request,
)
from tintype.core.sampler_settings import NoiseSettings, SamplerSettings
from tintype.core.text_settings import TextSettings
from tintype.planning import Library, extra_parameters, infotext_for

PLAN = replace(small_plan(negative_prompt="dog", steps=4, height=72), noise=NoiseSettings(1, "GPU"))
HIRES = HiresRequest(0.7, scale=1.5, steps=3, upscaler="Lanczos")
SMALL = Request("a cat", seed=1, subseed=5, steps=4, width=64, height=64, sampler="Euler")
FIXED = ["Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model hash", "Model"]


def keys(request: Request, library: Library) -> list[str]:
    """The keys of the last line, without those that are always there."""
    (plan,) = planned(request, library)
    line = infotext_for(plan, "v1.10.1").splitlines()[-1]
    found = [pair.split(":")[0] for pair in line.split(", ")]
    assert [key for key in found if key in FIXED] == FIXED
    assert found[-1] == "Version"
    return [key for key in found[:-1] if key not in FIXED]


def said(request: Request, library: Library) -> dict[str, Any]:
    """The extra parameters of a request's picture."""
    return dict(extra_parameters(planned(request, library)[0]))


def test_as_a1111_writes_it() -> None:
    """The text is what A1111 1.10 writes, letter by letter."""
    assert infotext_for(PLAN, "v1.10.1") == (
        "a cat\nNegative prompt: dog\n"
        "Steps: 4, Sampler: Euler, Schedule type: Automatic, CFG scale: 7.0, Seed: 1, "
        "Size: 64x72, Model hash: c2c01196e8, Model: a, Version: v1.10.1"
    )


def test_clip_skip() -> None:
    """Clip skip is told only where layers are left out, between model and version."""
    text = infotext_for(replace(PLAN, text=TextSettings(clip_skip=2)), "v1.10.1")
    assert text.endswith("Model: a, Clip skip: 2, Version: v1.10.1")


def test_whole_cfg_scale_from_a_client() -> None:
    """A guidance scale prints as a float even if an integer got this far."""
    plan = replace(PLAN, guidance=GuidanceSettings(5))
    assert "CFG scale: 5.0, " in infotext_for(plan, "v1.10.1")


def test_model_without_hash() -> None:
    """A hash nobody knows is left out."""
    unknown = replace(PLAN, network=Network(replace(NOWHERE, sha256=None)))
    assert "Size: 64x72, Model: a, " in infotext_for(unknown, "v1.10.1")


def test_hires_tail(library: Library) -> None:
    """What the second pass has of its own comes in A1111's order and format."""
    hires = replace(HIRES, sampler="Euler a", prompt="b", schedule="Karras")
    (plan,) = planned(replace(SMALL, hires=hires), library)
    text = infotext_for(plan, "v1.10.1")
    assert text.endswith(
        "Denoising strength: 0.7, Hires sampler: Euler a, Hires prompt: b, "
        "Hires schedule type: Karras, Hires upscale: 1.5, Hires steps: 3, "
        "Hires upscaler: Lanczos, Version: v1.10.1"
    )


def test_hires_sampler_with_a_schedule_of_its_own(library: Library) -> None:
    """The resolved schedule of the second pass is told where it differs from the first's label."""
    assert said(replace(SMALL, hires=replace(HIRES, sampler="DPM++ 2M")), library) == {
        "Hires sampler": "DPM++ 2M",
        "Hires schedule type": "Karras",
        "Hires upscale": 1.5,
        "Hires steps": 3,
        "Hires upscaler": "Lanczos",
    }


def test_other_checkpoints_are_named_with_their_hash(library: Library) -> None:
    """Refiner and hires checkpoint as `stem [hash]`."""
    request = replace(SMALL, hires=replace(HIRES, checkpoint="b"), refiner=RefinerRequest("b", 0.8))
    (plan,) = planned(request, library)
    digits = plan.refiner and plan.refiner.network.checkpoint.shorthash
    extra = extra_parameters(plan)
    assert extra["Hires checkpoint"] == extra["Refiner"] == f"b [{digits}]"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (SMALL, []),
        (
            replace(SMALL, subseed_strength=0.2, seed_resize_from=(512, 768)),
            ["Variation seed", "Variation seed strength", "Seed resize from"],
        ),
        (
            replace(
                SMALL,
                sampler="Euler a",
                ensd=31337,
                token_merging=0.5,
                random_source="NV",
                tiling=True,
                text=TextSettings(clip_skip=2),
            ),
            ["Clip skip", "ENSD", "Token merging ratio", "RNG", "Tiling"],
        ),
        (
            replace(SMALL, token_merging_hires=0.4, hires=replace(HIRES, width=96, steps=0)),
            ["Denoising strength", "Token merging ratio hr", "Hires resize", "Hires upscaler"],
        ),
        (
            replace(
                SMALL,
                prompt="a (moth)",
                sampler="Euler",
                schedule="Beta",
                text=TextSettings("No norm", pads_uncond=True, old_schedule_rule=True),
                sampling=SamplerSettings(
                    s_churn=2,
                    s_tmin=0.1,
                    s_tmax=9,
                    s_noise=1.1,
                    states_churn=True,
                    sigma_min=0.1,
                    sigma_max=10,
                    rho=5,
                    beta_alpha=0.5,
                    sgm_noise=True,
                    discards_penultimate=True,
                    downcasts_alphas=True,
                    zero_terminal_snr=True,
                ),
                guidance=GuidanceSettings(
                    s_min_uncond=1, s_min_uncond_all=True, skip_early_cond=0.2
                ),
                refiner=RefinerRequest("b", 0.8, by_steps=True),
            ),
            [
                "TI hashes",
                "Emphasis",
                "Downcast alphas_cumprod",
                "Noise Schedule",
                "Discard penultimate sigma",
                "Schedule min sigma",
                "Schedule max sigma",
                "Schedule rho",
                "Beta schedule alpha",
                "Beta schedule beta",
                "SGM noise multiplier",
                "Sigma churn",
                "Sigma tmin",
                "Sigma tmax",
                "Sigma noise",
                "Skip Early CFG",
                "NGMS",
                "NGMS all steps",
                "Refiner",
                "Refiner switch at",
                "Refiner switch by sampling steps",
                "Pad conds",
                "Old prompt editing timelines",
            ],
        ),
        (
            replace(
                SMALL,
                init=Init(
                    b"",
                    mask=b"",
                    masking=MaskSettings(invert=True, only_masked=True, fill=0),
                    noise_multiplier=0.9,
                    extra_noise=0.1,
                    soft=SoftInpainting(),
                ),
                text=TextSettings(old_schedule_rule=True),
            ),
            [
                "Denoising strength",
                "Soft inpainting enabled",
                "Soft inpainting schedule bias",
                "Soft inpainting preservation strength",
                "Soft inpainting transition contrast boost",
                "Soft inpainting mask influence",
                "Soft inpainting difference threshold",
                "Soft inpainting difference contrast",
                "Mask mode",
                "Mask blur",
                "Inpaint area",
                "Masked area padding",
                "Masked content",
                "Extra noise",
                "Noise multiplier",
                "Old prompt editing timelines",
            ],
        ),
    ],
    ids=["plain", "variation", "fixed part", "hires", "sampling", "mask"],
)
def test_order_of_keys(request_: Request, expected: list[str], library: Library) -> None:
    """Whatever is not at rest is told, in the order of A1111 1.10."""
    assert keys(request_, library) == expected


@pytest.mark.parametrize(
    ("sampler", "eta", "expected"),
    [
        ("Euler a", 0.5, {"Eta": 0.5}),
        ("Euler a", 0.0, {"Eta": 0.0}),
        ("Euler a", 1.0, {}),
        ("Euler", 0.5, {}),
        ("DPM++ 2M SDE", 0.7, {"Eta": 0.7}),
        ("DDIM", 0.3, {"Eta DDIM": 0.3}),
        ("DDIM", 0.0, {}),
    ],
)
def test_eta(sampler: str, eta: float, expected: dict[str, float], library: Library) -> None:
    """Told where the sampler has one and it is not the sampler's own."""
    request = replace(SMALL, sampler=sampler, sampling=SamplerSettings(eta=eta))
    assert said(request, library) == expected


def test_churn_is_told_if_the_options_asked_for_it(library: Library) -> None:
    """A churn that came with the request alone is not told, as in A1111."""
    request = replace(SMALL, sampling=SamplerSettings(s_churn=2.0))
    assert said(request, library) == {}


def test_ensd_is_told_where_it_counts(library: Library) -> None:
    """Only for ancestral samplers that draw fresh noise."""
    ensd = replace(SMALL, ensd=31337)
    assert keys(ensd, library) == []
    assert keys(replace(ensd, sampler="Euler a"), library) == ["ENSD"]
    still = replace(ensd, sampler="Euler a", sampling=SamplerSettings(eta=0.0))
    assert keys(still, library) == ["Eta"]


def test_emphasis_is_told_where_it_counts(library: Library) -> None:
    """Another emphasis than the default is told only if a prompt has brackets."""
    request = replace(SMALL, text=TextSettings("Ignore"))
    assert said(request, library) == {}
    assert said(replace(request, negative_prompt="[rain]"), library) == {"Emphasis": "Ignore"}


def test_hashes_of_networks(library: Library) -> None:
    """Names and digits of all LoRAs in one quoted value, those of embeddings in another."""
    request = replace(SMALL, prompt="moth <lora:wool:1> <lora:ink:1>")
    (plan,) = planned(request, library)
    wool, ink = (a.record.hash for a in plan.network.adapters)
    text = infotext_for(plan, "v1.10.1")
    assert f'Lora hashes: "wool: {wool}, ink: {ink}", TI hashes: "moth: ' in text
