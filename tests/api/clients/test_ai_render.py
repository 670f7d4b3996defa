"""AI Render, the add-on for Blender."""

from typing import Any

from tests.api.clients.speaking import drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

URI = "data:image/png;base64,"
BODY: dict[str, Any] = {
    "prompt": "a kitchen, render",
    "negative_prompt": "ugly",
    "sampler": "k_lms",
    "sampler_index": "DPM++ 2M Karras",
    "steps": 4,
    "cfg_scale": 7,
    "seed": 42,
    "width": 64,
    "height": 64,
    "denoising_strength": 0.6,
    "init_images": [URI + as_text(picture_file((50, 60, 70)))],
}


def test_a_render_is_repainted(front: Front) -> None:
    """By a name of a sampler with its schedule in it, as A1111 had them once."""
    answer = posted(front, "/sdapi/v1/img2img", BODY)
    info = answer["info"]

    assert drawn(answer["images"][0]).size == (64, 64)
    assert "Sampler: DPM++ 2M" in info
    assert "Karras" in info


def test_a_render_is_enlarged(front: Front) -> None:
    """By one of the upscalers it was told of; it reads `image`."""
    names = [one["name"] for one in got(front, "/sdapi/v1/upscalers")]
    body = {
        "image": URI + as_text(picture_file(size=(32, 16))),
        "upscaler_1": names[-1] if "Lanczos" not in names else "Lanczos",
        "upscaling_resize": 2,
    }

    assert drawn(posted(front, "/sdapi/v1/extra-single-image", body)["image"]).size == (64, 32)


def test_what_is_not_there(front: Front) -> None:
    """It knows a server without its routes by A1111's words."""
    answer = front.http.get("/sdapi/v1/no-such-route")

    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_control_nets_are_asked_for(front: Front) -> None:
    """It lists models and modules before it offers any."""
    models = front.http.get("/controlnet/model_list")
    modules = front.http.get("/controlnet/module_list")

    assert isinstance(models.json()["model_list"], list)
    assert isinstance(modules.json()["module_list"], list)
