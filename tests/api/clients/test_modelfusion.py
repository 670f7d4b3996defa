"""modelfusion: a schema that must fit, for answers and for errors."""

from tests.api.clients.speaking import drawn, posted
from tests.fakes.front import Front

BODY = {
    "prompt": "a compass",
    "negative_prompt": "",
    "sampler_index": "DPM++ 2M Karras",
    "steps": 4,
    "width": 64,
    "height": 64,
    "seed": 5,
    "cfg_scale": 7,
}


def test_a_picture(front: Front) -> None:
    """Texts, an object, a text."""
    answer = posted(front, "/sdapi/v1/txt2img", BODY)

    assert all(isinstance(image, str) for image in answer["images"])
    assert drawn(answer["images"][0]).size == (64, 64)
    assert isinstance(answer["parameters"], dict)
    assert isinstance(answer["info"], str)


def test_an_error(front: Front) -> None:
    """Four texts."""
    answer = front.http.post("/sdapi/v1/txt2img", json=BODY | {"sampler_index": "no such"})
    error = answer.json()

    assert answer.is_client_error
    assert {"error", "detail", "body", "errors"} <= error.keys()
    assert all(isinstance(value, str) for value in error.values())
