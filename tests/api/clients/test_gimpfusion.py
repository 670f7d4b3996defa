"""Gimpfusion, for GIMP."""

from typing import Any

from tests.api.clients.speaking import checkpoint_titles, drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

BODY: dict[str, Any] = {
    "prompt": "a mill",
    "negative_prompt": "",
    "steps": 4,
    "cfg_scale": 7.5,
    "seed": -1,
    "width": 64,
    "height": 64,
    "batch_size": 1,
    "sampler_index": "Euler a",
    "mask": "",
    "alwayson_scripts": {"controlnet": {"args": []}},
}


def test_addresses_that_end_in_a_question_mark(front: Front) -> None:
    """They lead where they would without."""
    assert got(front, "/sdapi/v1/options?")["sd_model_checkpoint"] in checkpoint_titles(front)
    assert posted(front, "/sdapi/v1/options?", {"sd_model_checkpoint": "alpha"}) is None


def test_layers_are_painted(front: Front) -> None:
    """Each picture of the answer is one layer; a control net that is not asked for is none."""
    first = posted(front, "/sdapi/v1/txt2img?", BODY)
    begun = BODY | {"init_images": [as_text(picture_file())], "denoising_strength": 0.5}
    second = posted(front, "/sdapi/v1/img2img?", begun)

    assert [drawn(image).size for image in first["images"] + second["images"]] == [(64, 64)] * 2
