"""AutoGPT's command that makes pictures."""

from tests.api.clients.speaking import drawn, posted
from tests.fakes.front import Front


def test_a_picture(front: Front) -> None:
    """A field that is misspelt is passed over, and the base64 cut at a comma there must not be."""
    body = {
        "prompt": "a lamp",
        "negative_prompt": "",
        "sampler_index": "DDIM",
        "steps": 4,
        "config_scale": 7.0,
        "width": 64,
        "height": 64,
        "n_iter": 1,
    }
    answer = posted(front, "/sdapi/v1/txt2img", body)

    assert drawn(answer["images"][0].split(",", 1)[0]).size == (64, 64)
    assert answer["parameters"]["cfg_scale"] == 7.0
