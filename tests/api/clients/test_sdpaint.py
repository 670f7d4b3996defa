"""SdPaint: a canvas whose truths are text, and which always sends ControlNet."""

from typing import Any

from tests.api.clients.speaking import drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

BODY: dict[str, Any] = {
    "prompt": "a kite",
    "negative_prompt": "",
    "seed": 12,
    "steps": 4,
    "cfg_scale": 7,
    "width": 64,
    "height": 64,
    "sampler_name": "DDIM",
    "quick": "false",
    "restore_faces": "false",
    "tiling": "false",
    "enable_hr": "false",
    "override_settings": {},
    "override_settings_restore_afterwards": "true",
    "alwayson_scripts": {"ControlNet": {"args": []}},
}


def test_a_canvas(front: Front) -> None:
    """From words, and from what was painted so far in bare base64."""
    first = posted(front, "/sdapi/v1/txt2img", BODY)
    begun = BODY | {"init_images": [as_text(picture_file())], "denoising_strength": 0.4}
    second = posted(front, "/sdapi/v1/img2img", begun)

    assert drawn(first["images"][0]).size == drawn(second["images"][0]).size == (64, 64)
    assert first["parameters"]["override_settings_restore_afterwards"] is True


def test_it_looks_while_it_waits(front: Front) -> None:
    """Idle there is nothing to see, and stopping harms nobody."""
    assert got(front, "/sdapi/v1/progress")["current_image"] is None
    assert front.http.post("/sdapi/v1/interrupt").is_success
