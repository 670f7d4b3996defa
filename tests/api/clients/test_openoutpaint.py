"""openOutpaint, in a browser."""

import json
from typing import Any

import pytest
from tests.api.clients.conftest import ORIGIN
from tests.api.clients.speaking import checkpoint_titles, drawn, good, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, half_mask_file, picture_file

URI = "data:image/png;base64,"
BODY: dict[str, Any] = {
    "prompt": "a meadow",
    "negative_prompt": "",
    "steps": None,
    "cfg_scale": 7.0,
    "seed": -1,
    "width": 64,
    "height": 64,
    "batch_size": None,
    "n_iter": None,
    "sampler_index": "DDIM",
    "scheduler": "Automatic",
    "init_images": [],
    "mask": "",
    "mask_blur": 0,
    "enable_hr": False,
    "hr_square_aspect": False,
    "outpainting_fill": 2,
    "resize-mode": 1,
    "save_images": True,
    "styles": [],
}


def test_a_browser_may_ask(front: Front) -> None:
    """The preflight allows the call, and the answer names the site."""
    preflight = front.http.options(
        "/sdapi/v1/txt2img",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    answer = front.http.get("/sdapi/v1/options", headers={"Origin": ORIGIN})

    assert preflight.is_success
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "content-type" in preflight.headers["Access-Control-Allow-Headers"].lower()
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize("name", ["options", "samplers", "sd-models", "upscalers", "prompt-styles"])
def test_addresses_that_end_in_a_slash(front: Front, name: str) -> None:
    """They lead to the same list, directly or by one redirect."""
    followed = front.http.get(f"/sdapi/v1/{name}/", follow_redirects=True)

    assert good(followed) == got(front, f"/sdapi/v1/{name}")


def test_its_options(front: Front) -> None:
    """It knows what it talks to by those there are, and by one there is not."""
    options = got(front, "/sdapi/v1/options")

    assert options["sd_model_checkpoint"] in checkpoint_titles(front)
    assert {"img2img_color_correction", "inpainting_mask_weight"} <= options.keys()
    assert "use_scale_latent_for_hires_fix" not in options


def test_a_dream(front: Front) -> None:
    """Nulls are defaults; an empty mask and no pictures are none."""
    answer = posted(front, "/sdapi/v1/txt2img", BODY | {"steps": 4})
    nothing = posted(front, "/sdapi/v1/txt2img", BODY)

    assert drawn(answer["images"][0]).size == (64, 64)
    assert json.loads(nothing["info"])["seed"] >= 0


def test_an_outpainting(front: Front) -> None:
    """The picture and its mask as data addresses, with a word of its own."""
    body = BODY | {
        "steps": 4,
        "init_images": [URI + as_text(picture_file())],
        "mask": URI + as_text(half_mask_file()),
        "denoising_strength": 1,
        "inpainting_fill": 2,
        "inpaint_full_res": False,
        "inpainting_mask_invert": 0,
    }

    assert drawn(posted(front, "/sdapi/v1/img2img", body)["images"][0]).size == (64, 64)


def test_progress_and_stops(front: Front) -> None:
    """Idle it is nought, and an interruption or a skip harms nobody."""
    assert got(front, "/sdapi/v1/progress?skip_current_image=true")["progress"] == 0
    assert front.http.post("/sdapi/v1/interrupt").is_success
    assert front.http.post("/sdapi/v1/skip").is_success
