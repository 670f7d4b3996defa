"""LibreChat's tool for Stable Diffusion."""

import json

from tests.api.clients.speaking import drawn, posted
from tests.fakes.front import Front


def test_a_picture(front: Front) -> None:
    """It cuts the base64 at a comma there must not be, and reads `info`."""
    body = {
        "prompt": "a harbour, detailed",
        "negative_prompt": "lowres",
        "cfg_scale": 4.5,
        "steps": 4,
        "width": 64,
        "height": 64,
    }
    answer = posted(front, "/sdapi/v1/txt2img", body)
    info = json.loads(answer["info"])

    assert drawn(answer["images"][0].split(",", 1)[0]).size == (64, 64)
    assert isinstance(info["seed"], int)
    assert info["infotexts"][0].startswith("a harbour, detailed\nNegative prompt: lowres\nSteps: 4")
    assert (info["width"], info["height"]) == (64, 64)
