"""Dify's tool for Stable Diffusion: its bodies do not say that they are JSON."""

import json
from typing import Any

from tests.api.clients.speaking import drawn, good, got, raw
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

BODY: dict[str, Any] = {
    "prompt": "a bridge",
    "negative_prompt": "",
    "steps": 4,
    "width": 64,
    "height": 64,
    "cfg_scale": 7,
    "sampler_index": "DPM++ 2M Karras",
    "seed": 9,
    "subseed": -1,
    "subseed_strength": 0,
    "seed_resize_from_h": -1,
    "seed_resize_from_w": -1,
    "batch_size": 1,
    "n_iter": 1,
    "restore_faces": False,
    "tiling": False,
    "eta": 0,
    "denoising_strength": 0,
    "s_churn": 0,
    "s_tmax": 0,
    "s_tmin": 0,
    "s_noise": 0,
    "override_settings": {},
    "override_settings_restore_afterwards": False,
    "script_args": [],
    "enable_hr": False,
    "firstphase_width": 0,
    "firstphase_height": 0,
}


def test_models_are_listed(front: Front) -> None:
    """It offers them by `model_name`."""
    assert [m["model_name"] for m in got(front, "/sdapi/v1/sd-models")] == ["alpha", "people_beta"]


def test_its_pictures(front: Front) -> None:
    """From words and from pictures, without a content type."""
    options = raw(front, "/sdapi/v1/options", {"sd_model_checkpoint": "alpha"})
    first = good(raw(front, "/sdapi/v1/txt2img", BODY))
    begun = BODY | {"init_images": [as_text(picture_file())], "denoising_strength": 0.9}
    second = good(raw(front, "/sdapi/v1/img2img", begun))

    assert options.is_success
    assert drawn(first["images"][0]).size == drawn(second["images"][0]).size == (64, 64)
    assert json.loads(first["info"])["seed"] == 9
