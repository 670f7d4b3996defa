"""aiyabot, for Discord."""

import json
from typing import Any

from tests.api.clients.speaking import drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

BODY: dict[str, Any] = {
    "prompt": "a fox",
    "negative_prompt": "",
    "steps": 4,
    "width": 64,
    "height": 64,
    "cfg_scale": "7.0",
    "sampler_index": "DPM++ 2M Karras",
    "seed": 77,
    "denoising_strength": None,
    "tiling": None,
    "restore_faces": False,
    "n_iter": 1,
    "styles": ["None"],
}


def test_its_start(front: Front) -> None:
    """It looks whether anybody is there, and ends where Gradio's configuration is no JSON."""
    assert front.http.head("/").status_code < 500
    assert isinstance(got(front, "/config"), dict)
    for model in got(front, "/sdapi/v1/sd-models"):
        assert {"title", "model_name", "filename", "hash"} <= model.keys()
    assert got(front, "/sdapi/v1/samplers")[0]["name"]
    assert got(front, "/sdapi/v1/upscalers")[0]["name"] == "None"
    assert isinstance(got(front, "/sdapi/v1/embeddings")["loaded"], dict)
    for name in ("loras", "hypernetworks", "face-restorers", "prompt-styles", "scripts"):
        got(front, f"/sdapi/v1/{name}")


def test_a_picture_that_tells_of_itself(front: Front) -> None:
    """It reads the PNG's own text by way of png-info."""
    answer = posted(front, "/sdapi/v1/txt2img", BODY)
    image = answer["images"][0]
    told = posted(front, "/sdapi/v1/png-info", {"image": "data:image/png;base64," + image})

    assert drawn(image).text["parameters"] == told["info"]  # pyright: ignore[reportAttributeAccessIssue]
    assert told["info"] == json.loads(answer["info"])["infotexts"][0]
    assert told["info"].startswith("a fox\nSteps: 4, Sampler: DPM++ 2M")


def test_a_larger_picture(front: Front) -> None:
    """Half a step is none, and a scale of one is one."""
    hires = {
        "enable_hr": True,
        "hr_upscaler": "Latent",
        "hr_scale": 1,
        "hr_second_pass_steps": 7.5,
        "denoising_strength": 0.5,
    }
    answer = posted(front, "/sdapi/v1/txt2img", BODY | hires)

    assert drawn(answer["images"][0]).size == (64, 64)


def test_what_people_send_it(front: Front) -> None:
    """Attachments of any kind are called PNG."""
    body = BODY | {
        "init_images": ["data:image/png;base64," + as_text(picture_file(kind="WEBP"))],
        "denoising_strength": "0.75",
    }

    assert drawn(posted(front, "/sdapi/v1/img2img", body)["images"][0]).size == (64, 64)


def test_enlarging(front: Front) -> None:
    """Two upscalers, and strings for numbers."""
    body = {
        "resize_mode": "0",
        "gfpgan_visibility": "0",
        "codeformer_visibility": "0",
        "codeformer_weight": "0",
        "upscaling_resize": "2",
        "upscaler_1": "Lanczos",
        "upscaler_2": "Nearest",
        "extras_upscaler_2_visibility": "0.5",
        "image": "data:image/png;base64," + as_text(picture_file(size=(24, 32))),
    }

    assert drawn(posted(front, "/sdapi/v1/extra-single-image", body)["image"]).size == (48, 64)
