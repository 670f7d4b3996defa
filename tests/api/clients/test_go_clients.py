"""Three clients in Go: no content type, bodies in GETs, and types that must fit."""

import json
from typing import Any

import pytest
from tests.api.clients.speaking import drawn, good, got, raw
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

BODY: dict[str, Any] = {
    "prompt": "a gopher",
    "negative_prompt": "",
    "styles": None,
    "seed": 11,
    "subseed": 0,
    "subseed_strength": 0,
    "seed_resize_from_h": 0,
    "seed_resize_from_w": 0,
    "sampler_name": "DPM++ 2M Karras",
    "batch_size": 1,
    "n_iter": 1,
    "steps": 4,
    "cfg_scale": 7,
    "width": 64,
    "height": 64,
    "restore_faces": False,
    "tiling": False,
    "denoising_strength": 0,
    "eta": 0,
    "s_churn": 0,
    "s_tmax": 0,
    "s_tmin": 0,
    "s_noise": 0,
    "override_settings": {},
    "override_settings_restore_afterwards": False,
    "refiner_checkpoint": "",
    "refiner_switch_at": 0,
    "enable_hr": False,
    "hr_upscaler": "",
    "hr_scale": 2,
    "script_name": "",
    "script_args": None,
    "send_images": True,
    "save_images": False,
    "alwayson_scripts": {},
}
WHOLE = ("seed", "subseed", "width", "height", "steps", "batch_size", "clip_skip")
LISTS = ("samplers", "schedulers", "upscalers", "sd-models", "sd-vae", "loras", "hypernetworks")


def test_pictures(front: Front) -> None:
    """Nulls and noughts for "off"; integers of `info` are JSON's integers."""
    answer = good(raw(front, "/sdapi/v1/txt2img", BODY))
    info = json.loads(answer["info"])

    assert drawn(answer["images"][0]).size == (64, 64)
    assert {name: type(info[name]) for name in WHOLE} == dict.fromkeys(WHOLE, int)
    assert all(type(seed) is int for seed in info["all_seeds"] + info["all_subseeds"])


def test_what_was_not_sent(front: Front) -> None:
    """No strength of a variation is the integer 0, and none of denoising is null."""
    left_out = ("denoising_strength", "subseed_strength")
    body = {name: value for name, value in BODY.items() if name not in left_out}
    info = good(raw(front, "/sdapi/v1/txt2img", body))["info"]

    assert '"subseed_strength": 0,' in info
    assert json.loads(info)["denoising_strength"] is None


@pytest.mark.parametrize("name", LISTS)
def test_lists(front: Front, name: str) -> None:
    """A GET may have a body."""
    answer = front.http.request("GET", f"/sdapi/v1/{name}", content=b"null")

    assert isinstance(good(answer), list)


def test_options_of_samplers_are_texts(front: Front) -> None:
    """A map of strings, and lists of aliases."""
    for sampler in got(front, "/sdapi/v1/samplers"):
        assert all(isinstance(value, str) for value in sampler["options"].values()), sampler
        assert all(isinstance(alias, str) for alias in sampler["aliases"])


def test_the_queue_and_the_page(front: Front) -> None:
    """Gradio's status and configuration are JSON."""
    assert isinstance(got(front, "/queue/status"), dict)
    assert isinstance(got(front, "/config"), dict)
    assert isinstance(got(front, "/sdapi/v1/memory"), dict)


def test_what_a_picture_tells(front: Front) -> None:
    """`info` is a text, `items` and `parameters` are objects, also of a picture without any."""
    told = good(raw(front, "/sdapi/v1/png-info", {"image": as_text(picture_file())}))

    assert (told["info"], told["items"], told["parameters"]) == ("", {}, {})


def test_several_pictures_enlarged(front: Front) -> None:
    """With a name that is not A1111's beside those that are."""
    pictures = [{"data": as_text(picture_file(size=(8, 8))), "name": f"{n}.png"} for n in range(2)]
    body = {"imageList": pictures, "upscaler1": "x", "upscaler_1": "Lanczos", "upscaling_resize": 2}
    answer = good(raw(front, "/sdapi/v1/extra-batch-images", body))

    assert [drawn(image).size for image in answer["images"]] == [(16, 16)] * 2
