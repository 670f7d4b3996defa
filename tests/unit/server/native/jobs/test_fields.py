"""What a body may hold, and what it is told otherwise."""

from typing import Any

import pytest
from pydantic import ValidationError
from tests.fakes.pictures import as_text, picture_file

from tintype.core.requests import Request
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest
from tintype.prompt.networks import lora_scales, split_networks
from tintype.server.native.jobs.fields import EXAMPLES, JobBody
from tintype.server.native.jobs.requests import in_our_words, picture_request


def test_an_empty_body_is_the_default_request() -> None:
    """Every default of a body is that of `Request`, but that prompts are templates."""
    assert picture_request(JobBody(), None) == Request(text=TextSettings(wildcards="on"))


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_bodies(example: dict[str, Any]) -> None:
    """What the description shows can be sent."""
    JobBody.model_validate(example)


@pytest.mark.parametrize(
    ("body", "place", "message"),
    [
        ({"promt": "x"}, (), "'promt' is no field here; did you mean 'prompt'?"),
        ({"hires": {"scal": 2}}, ("hires",), "did you mean 'scale'?"),
        ({"init": {"picture": "x", "mask": {"pic": ""}}}, ("init", "mask"), "there are: picture"),
        ({"steps": "20"}, ("steps",), "valid integer"),
        ({"steps": True}, ("steps",), "valid integer"),
        ({"images": 1.5}, ("images",), "valid integer"),
        ({"seed": 10**400}, ("seed",), "less than or equal"),
        ({"cfg_scale": float("nan")}, ("cfg_scale",), "finite"),
        ({"cfg_scale": 10**400}, ("cfg_scale",), "valid number"),
        ({"seed_resize_from": [64]}, ("seed_resize_from",), "at least 2"),
        ({"priority": "fast"}, ("priority",), "'interactive', 'normal' or 'batch'"),
        ({"draft_steps": 0}, ("draft_steps",), "greater than or equal to 1"),
        ({"init": {}}, ("init", "picture"), "required"),
        ({"loras": [{"name": "a:b"}]}, ("loras", 0, "name"), "pattern"),
        ({"loras": [{"name": "a", "weight": 1e9}]}, ("loras", 0, "weight"), "less than"),
        ({"random_source": "MPS"}, ("random_source",), "'GPU', 'CPU' or 'NV'"),
        ({"sdapi": {"tab": "extras", "body": {}}}, ("sdapi", "tab"), "'txt2img' or 'img2img'"),
        ({"sdapi": {"tab": "txt2img", "body": {}}, "steps": 3}, (), "no steps; put it into"),
    ],
)
def test_wrong_bodies_are_told_what_was_expected(
    body: dict[str, Any], place: tuple[str | int, ...], message: str
) -> None:
    """The error names the place and says what would be right."""
    with pytest.raises(ValidationError) as caught:
        JobBody.model_validate(body)

    (error,) = caught.value.errors()
    assert error["loc"] == place
    assert message in error["msg"]


def test_loras_are_tags_of_the_prompt() -> None:
    """Infotext, and whoever makes the picture again from it, know them."""
    loras = [
        {"name": "ink"},
        {"name": "wool hat", "weight": 0.5, "text_weight": 0},
        {"name": "fur", "weight": -1e-7, "rank": 8},
    ]
    body = JobBody.model_validate({"prompt": "a cat", "loras": loras})
    text, tags = split_networks(picture_request(body, None).prompt)
    assert text == "a cat"
    assert [lora_scales(tag) for tag in tags] == [
        ("ink", 1, 1, None),
        ("wool hat", 0, 0.5, None),
        ("fur", -1e-7, -1e-7, 8),
    ]


def test_every_field_reaches_the_request() -> None:
    """Fields in our words arrive where the engine looks for them."""
    picture = as_text(picture_file())
    told: dict[str, Any] = {
        "prompt": "a cat",
        "clip_skip": 2,
        "cfg_scale": 5,
        "images": 3,
        "seed_resize_from": [64, 128],
        "sampling": {"eta": 0.5, "s_churn": 2.0, "s_tmax": 9.0},
        "guidance": {"s_min_uncond": 1.5},
        "text": {"emphasis": "No norm"},
        "init": {
            "picture": picture,
            "resize_mode": "latent",
            "denoising_strength": 0.4,
            "mask": {"picture": picture, "fill": "latent noise", "blur": 2, "soft": {}},
        },
        "hires": {"scale": 1.5, "denoising_strength": 0.6},
        "refiner": {"checkpoint": "b", "switch_at": 0.7},
    }
    request = picture_request(JobBody.model_validate(told), "served")

    assert (request.prompt, request.images, request.checkpoint) == ("a cat", 3, "served")
    assert request.seed_resize_from == (64, 128)
    assert (request.sampling.eta, request.sampling.s_tmax) == (0.5, 9.0)
    assert request.sampling.states_churn
    assert (request.guidance.cfg_scale, request.guidance.s_min_uncond) == (5.0, 1.5)
    assert (request.text.clip_skip, request.text.emphasis) == (2, "No norm")
    assert request.init is not None
    assert (request.init.resize_mode, request.init.denoising_strength) == (3, 0.4)
    assert request.init.picture == request.init.mask == picture_file()
    assert (request.init.masking.fill, request.init.masking.blur_x) == (2, 2)
    assert request.init.soft is not None
    assert not request.init.masking.rounds
    assert request.hires is not None
    assert (request.hires.scale, request.hires.denoising_strength) == (1.5, 0.6)
    assert request.refiner is not None
    assert (request.refiner.checkpoint, request.refiner.switch_at) == ("b", 0.7)


def test_a_checkpoint_that_is_named_wins() -> None:
    """The server's own is only for those who name none."""
    assert picture_request(JobBody(checkpoint="mine"), "served").checkpoint == "mine"


@pytest.mark.parametrize(
    ("init", "field"),
    [
        ({"picture": "no base64!"}, "init.picture"),
        ({"picture": "aGVsbG8="}, "init.picture"),
        ({"picture": "https://example.com/a.png"}, "init.picture"),
        (
            {"picture": as_text(picture_file()), "mask": {"picture": "aGVsbG8="}},
            "init.mask.picture",
        ),
        (
            {
                "picture": as_text(picture_file()),
                "mask": {"picture": as_text(picture_file((0, 0, 0))), "only_masked": True},
            },
            "init.mask",
        ),
    ],
)
def test_pictures_that_cannot_be_used_are_refused(init: dict[str, Any], field: str) -> None:
    """The error names the field in our words."""
    with pytest.raises(InvalidRequest) as caught:
        picture_request(JobBody.model_validate({"init": init}), None)

    assert caught.value.field == field


def test_refusals_of_planning_are_told_in_our_words() -> None:
    """A1111's names of fields do not reach those who never used them."""
    body = JobBody.model_validate({"hires": {}})

    assert in_our_words(InvalidRequest("hr_scale", "9 is too much"), body).field == "hires.scale"
    error = in_our_words(InvalidRequest("denoising_strength", "2 is too much"), body)
    assert str(error) == "hires.denoising_strength: 2 is too much"
