"""KoboldAI Lite, in a browser."""

from typing import Any

from tests.api.clients.conftest import ORIGIN
from tests.api.clients.speaking import checkpoint_titles, drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

HEADERS = {"Origin": ORIGIN}
BODY: dict[str, Any] = {
    "prompt": "a knight",
    "negative_prompt": "ugly",
    "sampler_name": "Euler a",
    "steps": 4,
    "cfg_scale": 7,
    "seed": -1,
    "width": 64,
    "height": 64,
    "batch_size": 1,
    "override_settings": {"CLIP_stop_at_last_layers": 1.0},
}


def test_it_connects(front: Front) -> None:
    """By the options, where it looks for the format of pictures, and the list of models."""
    options = got(front, "/sdapi/v1/options", headers=HEADERS)

    assert options["samples_format"]
    assert options["sd_model_checkpoint"] in checkpoint_titles(front)


def test_a_picture(front: Front) -> None:
    """Layers as 1.0, and a picture begun with another in bare base64."""
    first = posted(front, "/sdapi/v1/txt2img", BODY, headers=HEADERS)
    body = BODY | {"init_images": [as_text(picture_file())], "denoising_strength": 0.6}
    second = posted(front, "/sdapi/v1/img2img", body, headers=HEADERS)

    assert drawn(first["images"][0]).size == drawn(second["images"][0]).size == (64, 64)


def test_a_picture_described(front: Front) -> None:
    """A caption, or a refusal in words; never a failure of the server."""
    body = {"image": as_text(picture_file()), "model": "clip"}
    answer = front.http.post("/sdapi/v1/interrogate", json=body, headers=HEADERS)

    assert answer.is_success or answer.is_client_error or answer.status_code == 503
    assert "caption" in answer.json() if answer.is_success else answer.json()["detail"]
