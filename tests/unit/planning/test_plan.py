from contextlib import suppress
from dataclasses import replace
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.library import DRAWN_SEED, add_sdxl, make_library
from tests.fakes.library import planned as plans_of

from tintype.core.mask_settings import MaskSettings
from tintype.core.requests import (
    GuidanceSettings,
    HiresRequest,
    Init,
    Plan,
    RefinerRequest,
    Request,
)
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.settings import Limits
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest, RequestError, UnknownName
from tintype.planning import Library, plan, random_seed

LIMITS = Limits()
HIRES = HiresRequest(denoising_strength=0.5)


def planned(request: Request, library: Library, limits: Limits = LIMITS) -> Plan:
    """The plan of a request's first image."""
    return plans_of(request, library, limits)[0]


def seeds(plans: tuple[Plan, ...]) -> list[int]:
    return [one.noise.seed for one in plans]


def test_a_plain_request(library: Library) -> None:
    """What a request leaves open is settled: its checkpoint, its seed, its schedule."""
    result = planned(Request(prompt="a cat"), library)
    assert (result.prompt, result.negative_prompt) == ("a cat", "")
    assert (result.width, result.height) == (512, 512)
    assert result.settings == SamplerSettings("DPM++ 2M", "Karras", 20)
    assert (result.guidance, result.text) == (GuidanceSettings(), TextSettings())
    assert (result.network.checkpoint.stem, result.network.adapters) == ("a", ())
    assert result.network.checkpoint.sha256 is not None
    assert (result.seed, result.noise.source) == (DRAWN_SEED, "GPU")
    assert (result.init, result.hires, result.refiner, result.warnings) == (None, None, None, ())


def test_seeds_count_up(library: Library) -> None:
    """Each further image has the next seed, be the first drawn or given; so have subseeds."""
    assert seeds(plans_of(Request(images=3), library)) == [1234, 1235, 1236]
    plans = plans_of(Request(images=2, seed=0, subseed=9), library)
    assert [(p.noise.seed, p.noise.subseed) for p in plans] == [(0, 9), (1, 10)]


def test_variations_share_a_seed(library: Library) -> None:
    """With a variation all images have one seed, and only the subseeds count up."""
    plans = plans_of(Request(images=3, seed=5, subseed=70, subseed_strength=0.1), library)
    assert [(p.noise.seed, p.noise.subseed) for p in plans] == [(5, 70), (5, 71), (5, 72)]
    assert {p.noise.subseed_strength for p in plans} == {0.1}


def test_pictures_are_encoded_with_the_noise_of_their_batch(library: Library) -> None:
    """The noise of encoding is seeded by the last image of a batch, and drawn in its order."""
    plans = plans_of(Request(images=5, batch_size=2, seed=10), library)
    assert [(p.encode_seed, p.encode_place) for p in plans] == [
        (11, 0),
        (11, 1),
        (13, 0),
        (13, 1),
        (14, 0),
    ]


def test_each_image_of_a_batch_has_its_picture(library: Library) -> None:
    """Several pictures are one batch, and each batch begins with them anew."""
    request = Request(
        images=4, batch_size=2, init=Init(b"one"), init_pictures=(b"one", b"two"), seed=1
    )
    begun = [p.init.picture for p in plans_of(request, library) if p.init is not None]
    assert begun == [b"one", b"two", b"one", b"two"]


def test_given_seeds_are_not_drawn(library: Library) -> None:
    """A request with its seeds never asks for others, so its plan is the same every time."""

    def draw_seed() -> int:
        raise AssertionError

    request = Request(seed=4294967294, subseed=3)
    (result,) = plan(request, library=library, draw_seed=draw_seed, limits=LIMITS)
    assert (result.noise.seed, result.noise.subseed) == (4294967294, 3)


def test_random_seed() -> None:
    """Drawn seeds lie where A1111 draws them."""
    assert all(0 <= random_seed() <= 4294967293 for _ in range(100))


@pytest.mark.parametrize(
    ("sampler", "schedule", "expected"),
    [
        ("DPM++ 2M", None, ("DPM++ 2M", "Karras")),
        ("DPM++ 2M", "", ("DPM++ 2M", "Karras")),
        ("DPM++ 2M", "Uniform", ("DPM++ 2M", "Uniform")),
        ("Euler Karras", None, ("Euler", "Karras")),
        ("euler karras", "uniform", ("Euler", "Uniform")),
        ("Euler Karras", "Automatic", ("Euler", "Automatic")),
        ("k_euler_a", None, ("Euler a", "Automatic")),
        ("DPM++ 3M SDE", None, ("DPM++ 3M SDE", "Exponential")),
    ],
)
def test_sampler_and_schedule(
    sampler: str, schedule: str | None, expected: tuple[str, str], library: Library
) -> None:
    """A schedule that is asked for wins over the sampler's name, which wins over its default."""
    settings = planned(Request(sampler=sampler, schedule=schedule), library).settings
    assert (settings.sampler, settings.schedule) == expected


def test_what_else_a_sampler_is_told(library: Library) -> None:
    """Everything but names and steps comes from the request as it is."""
    told = SamplerSettings("LMS", "Turbo", 99, eta=0.5, s_churn=3.0, sgm_noise=True)
    settings = planned(Request(sampler="Euler", steps=7, sampling=told), library).settings
    assert settings == replace(told, sampler="Euler", schedule="Automatic", steps=7)


def test_networks(library: Library) -> None:
    """Tiling and token merging belong to the network, and the hires pass merges its own way."""
    request = Request(tiling=True, token_merging=0.5, token_merging_hires=0.3, hires=HIRES)
    result = planned(request, library)
    assert result.hires is not None
    assert (result.network.tiling, result.network.token_merging) == (True, 0.5)
    assert (result.hires.network.tiling, result.hires.network.token_merging) == (True, 0.3)


@pytest.mark.parametrize(("checkpoint", "channels"), [("a", 4), ("inpainting", 9)])
def test_what_a_checkpoint_sees(checkpoint: str, channels: int, library: Library) -> None:
    """Its header tells how many channels it takes; only edit checkpoints follow a picture."""
    guidance = GuidanceSettings(image_cfg_scale=1.5)
    result = planned(Request(checkpoint=checkpoint, guidance=guidance), library)
    assert result.input_channels == channels
    assert result.guidance.image_cfg_scale is None


def test_refiner(library: Library) -> None:
    """The network that takes over is the same but for its checkpoint."""
    request = Request("<lora:ink:1>", refiner=RefinerRequest("b", 0.6, by_steps=True), tiling=True)
    result = planned(request, library)
    assert result.refiner is not None
    assert (result.refiner.switch_at, result.refiner.by_steps) == (0.6, True)
    record = result.refiner.network.checkpoint
    assert (record.stem, record.sha256 is None) == ("b", False)
    assert replace(result.network, checkpoint=record) == result.refiner.network


def test_hires_pass_is_as_the_first(library: Library) -> None:
    """What is left open is taken from the first pass."""
    result = planned(Request("a cat", "a dog", steps=9, hires=HIRES), library)
    assert result.hires is not None
    assert result.hires.settings == result.settings
    assert result.hires.guidance == result.guidance
    assert result.hires.network == result.network
    assert (result.hires.prompt, result.hires.negative_prompt) == ("a cat", "a dog")
    assert (result.hires.steps_asked, result.hires.upscaler) == (0, "Latent")


@pytest.mark.parametrize(
    ("schedule", "hires", "expected"),
    [
        (None, replace(HIRES, sampler="DPM++ 2M"), ("DPM++ 2M", "Karras", 20)),
        (None, replace(HIRES, sampler="DPM++ 2M Uniform"), ("DPM++ 2M", "Uniform", 20)),
        (None, replace(HIRES, schedule="Exponential"), ("Euler", "Exponential", 20)),
        (None, replace(HIRES, steps=5), ("Euler", "Automatic", 5)),
        ("Karras", replace(HIRES, steps=5), ("Euler", "Karras", 5)),
        ("Karras", replace(HIRES, sampler="LMS"), ("LMS", "Karras", 20)),
        ("Karras", replace(HIRES, sampler="LMS", schedule="Automatic"), ("LMS", "Automatic", 20)),
    ],
)
def test_hires_pass_of_its_own(
    schedule: str | None,
    hires: HiresRequest,
    expected: tuple[str, str, int],
    library: Library,
) -> None:
    """It may have its own sampler, schedule and steps; a schedule that was asked for stays."""
    result = planned(Request(sampler="Euler", schedule=schedule, hires=hires), library)
    assert result.hires is not None
    settings = result.hires.settings
    assert (settings.sampler, settings.schedule, settings.steps) == expected


def test_hires_pass_with_another_checkpoint(library: Library) -> None:
    """A second checkpoint, prompt, scale and upscaler are settled like the first."""
    hires = replace(
        HIRES, checkpoint="b", prompt="a <lora:ink:0.5>dog", cfg_scale=3.0, upscaler="lanczos"
    )
    result = planned(Request("a cat <lora:wool:1>", hires=hires), library)
    assert result.hires is not None
    assert result.hires.network.checkpoint.stem == "b"
    assert [a.record.name for a in result.hires.network.adapters] == ["ink"]
    assert [a.record.name for a in result.network.adapters] == ["wool"]
    assert (result.hires.guidance.cfg_scale, result.hires.upscaler) == (3.0, "Lanczos")


@pytest.mark.parametrize(
    "request_",
    [
        Request(sampler="Eular"),
        Request(schedule="Karass"),
        Request(checkpoint="zeta"),
        Request(hires=replace(HIRES, sampler="Eular")),
        Request(hires=replace(HIRES, upscaler="R-ESRGAN 5x")),
        Request(hires=replace(HIRES, checkpoint="zeta")),
        Request(refiner=RefinerRequest("zeta", 0.8)),
    ],
)
def test_unknown_names(request_: Request, library: Library) -> None:
    """A name in no list is refused, and the list shown."""
    with pytest.raises(UnknownName, match="there are: "):
        planned(request_, library)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (Request(width=513), "width: 513 is not a multiple of 8; 512 or 520 would do"),
        (Request(height=4095), "height: 4095 is not a multiple of 8; 4088 or 4096 would do"),
        (Request(width=0), "width: 0 is too small; 8 is the smallest"),
        (Request(width=7), "width: 7 is too small; 8 is the smallest"),
        (Request(height=4104), "height: 4104 is too large; 4096 is the largest"),
        (
            Request(width=4096, height=2048),
            "width: 4096 × 2048 is 8388608 pixels, "
            "more than the 4194304 allowed; 2896 × 1448 would do",
        ),
        (Request(steps=0), "steps: 0 is not a whole number from 1 to 150"),
        (Request(steps=151), "steps: 151 is not a whole number from 1 to 150"),
        (Request(images=0), "images: 0 is not a whole number from 1 to 64"),
        (
            Request(text=TextSettings(clip_skip=13)),
            "clip_skip: 13 is not a whole number from 1 to 12",
        ),
        (
            Request(guidance=GuidanceSettings(nan)),
            "cfg_scale: nan is not a number from 0 to 100",
        ),
        (
            Request(guidance=GuidanceSettings(inf)),
            "cfg_scale: inf is not a number from 0 to 100",
        ),
        (
            Request(guidance=GuidanceSettings(-0.5)),
            "cfg_scale: -0.5 is not a number from 0 to 100",
        ),
        (
            Request(seed=-2),
            "seed: -2 is not -1 for any, nor a number from 0 to 9223372036854775807",
        ),
        (
            Request(seed=2**63 - 1, images=2),
            "seed: 9223372036854775807 is not -1 for any, "
            "nor a number from 0 to 9223372036854775806",
        ),
        (
            Request(prompt="x" * 20_001),
            "prompt: 20001 characters are too many; 20000 are allowed",
        ),
        (Request(prompt="a\0"), "prompt: character 2 is U+0000, which is not text"),
        (
            Request(negative_prompt="\ud83d"),
            "negative_prompt: character 1 is U+D83D, which is not text",
        ),
    ],
    ids=lambda value: value.split(";")[0][:40] if isinstance(value, str) else "",
)
def test_refusals(request_: Request, message: str, library: Library) -> None:
    """A value that is out of bounds is refused with its field, itself and what would do."""
    with pytest.raises(InvalidRequest) as refusal:
        planned(request_, library)
    assert str(refusal.value) == message
    assert refusal.value.field == message.split(":")[0]


SAMPLING: dict[str, Any] = {
    "eta": -0.1,
    "s_churn": 1001,
    "s_tmin": -1,
    "s_noise": inf,
    "sigma_min": -1,
    "sigma_max": 1e9,
    "rho": nan,
}
HIRES_FIELDS: dict[str, dict[str, Any]] = {
    "denoising_strength": {"denoising_strength": 1.1},
    "hr_scale": {"scale": 0.5},
    "hr_second_pass_steps": {"steps": 151},
    "hr_resize_x": {"width": 4097},
    "hr_resize_y": {"height": -1},
    "hr_prompt": {"prompt": "x" * 20_001},
    "hr_negative_prompt": {"negative_prompt": "\0"},
}
INIT_FIELDS: dict[str, dict[str, Any]] = {
    "resize_mode": {"resize_mode": 4},
    "denoising_strength": {"denoising_strength": -0.1},
    "initial_noise_multiplier": {"noise_multiplier": nan},
    "img2img_extra_noise": {"extra_noise": -1},
    "inpainting_fill": {"masking": MaskSettings(fill=4)},
    "mask_blur": {"masking": MaskSettings(blur_y=65)},
    "inpaint_full_res_padding": {"masking": MaskSettings(padding=-1)},
}


@pytest.mark.parametrize(
    ("field", "request_"),
    [
        ("batch_size", Request(batch_size=0)),
        ("subseed", Request(subseed=-2)),
        ("subseed", Request(subseed=2**63)),
        ("subseed_strength", Request(subseed_strength=1.5)),
        ("token_merging_ratio", Request(token_merging=1.0)),
        ("token_merging_ratio_hr", Request(token_merging_hires=-0.1)),
        ("seed_resize_from", Request(seed_resize_from=(512, 4))),
        ("uni_pc_order", Request(sampling=SamplerSettings(unipc_order=0))),
        ("refiner_switch_at", Request(refiner=RefinerRequest("b", 1.2))),
        ("hr_scale", Request(hires=replace(HIRES, scale=8.5))),
        ("hr_scale", Request(width=2048, hires=replace(HIRES, scale=4))),
        ("prompt", Request("a <lora:ink:much> cat")),
        *((name, Request(sampling=SamplerSettings(**{name: v}))) for name, v in SAMPLING.items()),
        *((name, Request(hires=replace(HIRES, **v))) for name, v in HIRES_FIELDS.items()),
        *((name, Request(init=Init(b"", **v))) for name, v in INIT_FIELDS.items()),
    ],
)
def test_refusals_name_their_field(field: str, request_: Request, library: Library) -> None:
    """Every value out of bounds is refused under the name A1111's clients know it by."""
    with pytest.raises(InvalidRequest) as refusal:
        planned(request_, library)
    assert refusal.value.field == field


def test_suggested_side_is_within_the_limits(library: Library) -> None:
    """A size that is itself out of bounds is never suggested."""
    limits = Limits(max_side=510)
    with pytest.raises(InvalidRequest, match="; 504 would do"):
        planned(Request(width=509), library, limits)


def test_suggested_area_is_accepted(library: Library) -> None:
    """Whoever follows the advice about too many pixels gets the picture."""
    limits = replace(LIMITS, max_pixels=512 * 512)
    with pytest.raises(InvalidRequest, match="720 × 360 would do"):
        planned(Request(width=1024, height=512), library, limits)
    assert planned(Request(width=720, height=360), library, limits).width == 720


def test_a_refused_request_hashes_no_checkpoint(tmp_path: Path) -> None:
    """A checkpoint, which may cost minutes of hashing, is not looked for in vain."""
    library = make_library(tmp_path)
    with pytest.raises(RequestError):
        planned(Request(steps=0, checkpoint="zeta"), library)


@given(
    width=st.integers(-8, 5000),
    height=st.integers(-8, 5000),
    steps=st.integers(-1, 200),
    cfg_scale=st.floats(),
    seed=st.integers(-2, 2**64),
)
def test_any_numbers(
    library: Library, width: int, height: int, steps: int, cfg_scale: float, seed: int
) -> None:
    """Whatever the numbers, the answer is a plan within the limits or a refusal."""
    guidance = GuidanceSettings(cfg_scale)
    request = Request(width=width, height=height, steps=steps, guidance=guidance, seed=seed)
    with suppress(InvalidRequest):
        result = planned(request, library)
        assert result.width % 8 == result.height % 8 == 0
        assert result.width * result.height <= LIMITS.max_pixels


def test_sdxl_has_its_own_table_of_steps(tmp_path: Path) -> None:
    """Align Your Steps goes by the checkpoint's family, in each pass by its own."""
    library = make_library(tmp_path)
    add_sdxl(tmp_path)
    hires = HiresRequest(0.5, checkpoint="xl")
    plan = planned(Request(checkpoint="a", hires=hires), library)
    assert plan.hires is not None
    assert (plan.settings.is_sdxl, plan.hires.settings.is_sdxl) == (False, True)
    plan = planned(Request(checkpoint="xl"), library)
    assert plan.settings.is_sdxl
