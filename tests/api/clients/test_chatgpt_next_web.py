"""ChatGPT-Next-Web's fork with pictures: everything is text."""

import json

from tests.api.clients.speaking import drawn, posted
from tests.fakes.front import Front


def test_a_picture(front: Front) -> None:
    """Numbers and truths may be text."""
    body = {
        "prompt": "a paper boat",
        "negative_prompt": "",
        "steps": "4",
        "width": "64",
        "height": "64",
        "cfg_scale": "7",
        "seed": "-1",
        "sampler_index": "Euler a",
        "restore_faces": "false",
        "tiling": "false",
        "enable_hr": "false",
        "batch_size": "1",
        "n_iter": "1",
    }
    answer = posted(front, "/sdapi/v1/txt2img", body)

    assert drawn(answer["images"][0]).size == (64, 64)
    assert json.loads(answer["info"])["steps"] == 4
    assert answer["parameters"]["restore_faces"] is False
