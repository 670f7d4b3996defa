"""StableStudio with its plug-in for A1111."""

import json
from typing import Any

from tests.api.clients.speaking import drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, half_mask_file, picture_file

BODY: dict[str, Any] = {
    "seed": 3,
    "cfgScale": 7,
    "prompt": "a robot",
    "negative_prompt": "",
    "width": 64,
    "height": 64,
    "sampler_name": "",
    "sampler_index": "DDIM",
    "steps": 4,
    "batch_size": 2,
    "save_images": True,
}


def test_pictures(front: Front) -> None:
    """An empty sampler is none, so the other field counts; a sheet before them is told of."""
    answer = posted(front, "/sdapi/v1/txt2img", BODY)
    info = json.loads(answer["info"])
    pictures = answer["images"][info["index_of_first_image"] :]

    assert info["sampler_name"] == "DDIM"
    assert [drawn(picture).size for picture in pictures] == [(64, 64)] * 2
    assert info["all_seeds"] == [3, 4]


def test_an_inverted_mask(front: Front) -> None:
    """Bare base64, and 1 for what is outside."""
    body = BODY | {
        "init_images": [as_text(picture_file())],
        "mask": as_text(half_mask_file()),
        "inpainting_mask_invert": 1,
        "denoising_strength": 0.75,
        "batch_size": 1,
    }
    answer = posted(front, "/sdapi/v1/img2img", body)

    assert drawn(answer["images"][-1]).size == (64, 64)


def test_what_it_asks_besides(front: Front) -> None:
    """Options, samplers, models, styles, and what a picture tells."""
    assert got(front, "/sdapi/v1/options")["sd_model_checkpoint"]
    for name in ("samplers", "sd-models", "prompt-styles", "upscalers"):
        assert isinstance(got(front, f"/sdapi/v1/{name}"), list)
    image = posted(front, "/sdapi/v1/txt2img", BODY)["images"][-1]

    assert "robot" in posted(front, "/sdapi/v1/png-info", {"image": image})["info"]
