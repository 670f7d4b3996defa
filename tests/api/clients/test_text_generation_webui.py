"""text-generation-webui's extension for pictures."""

from typing import Any

from tests.api.clients.speaking import checkpoint_titles, drawn, got, posted
from tests.fakes.front import Front

BODY: dict[str, Any] = {
    "prompt": "a portrait",
    "seed": -1,
    "sampler_name": "DPM++ 2M Karras",
    "enable_hr": False,
    "hr_scale": "1.0",
    "hr_upscaler": "Latent",
    "denoising_strength": 0.61,
    "steps": 4,
    "cfg_scale": 7,
    "width": 64,
    "height": 64,
    "restore_faces": False,
    "override_settings_restore_afterwards": True,
    "negative_prompt": "",
}


def test_a_picture_between_two_answers(front: Front) -> None:
    """It has the weights loaded, a picture painted, and the memory given back."""
    assert front.http.post("/sdapi/v1/reload-checkpoint", json="").is_success
    answer = posted(front, "/sdapi/v1/txt2img", BODY)
    assert front.http.post("/sdapi/v1/unload-checkpoint", json="").is_success

    assert drawn(answer["images"][0].split(",", 1)[0]).size == (64, 64)


def test_its_lists_and_choices(front: Front) -> None:
    """The model of the options is one of the list, and can be another."""
    titles = checkpoint_titles(front)
    assert got(front, "/sdapi/v1/options")["sd_model_checkpoint"] in titles
    assert [sampler["name"] for sampler in got(front, "/sdapi/v1/samplers")]
    posted(front, "/sdapi/v1/options", {"sd_model_checkpoint": titles[-1]})

    assert got(front, "/sdapi/v1/options")["sd_model_checkpoint"] == titles[-1]
    posted(front, "/sdapi/v1/options", {"sd_model_checkpoint": titles[0]})
