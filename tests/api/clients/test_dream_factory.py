"""Dream Factory, and bots that write yes and no."""

from typing import Any

from tests.api.clients.speaking import drawn, got, posted
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

BODY: dict[str, Any] = {
    "prompt": "a valley",
    "negative_prompt": "people",
    "steps": "4",
    "cfg_scale": "7.5",
    "seed": "8",
    "width": "64",
    "height": "64",
    "sampler_index": "Euler a",
    "scheduler": "Karras",
    "restore_faces": "no",
    "tiling": "yes",
    "enable_hr": "no",
}


def test_pictures(front: Front) -> None:
    """Yes and no are true and false, and numbers may be text; the PNG has its infotext."""
    answer = posted(front, "/sdapi/v1/txt2img", BODY)
    text = drawn(answer["images"][0].split(",", 1)[0]).info["parameters"]

    assert answer["parameters"]["tiling"] is True
    assert "Seed: 8" in text
    assert "Schedule type: Karras" in text


def test_pictures_from_pictures(front: Front) -> None:
    """With a data address before it."""
    body = BODY | {"init_images": ["data:image/png;base64," + as_text(picture_file())]}

    assert len(posted(front, "/sdapi/v1/img2img", body)["images"]) == 1


def test_its_lists(front: Front) -> None:
    """Models by file name; errors have words in `detail`."""
    assert all(model["filename"] for model in got(front, "/sdapi/v1/sd-models"))
    wrong = front.http.post("/sdapi/v1/txt2img", json=BODY | {"sampler_index": "Eulr q"})

    assert wrong.is_client_error
    assert "Eulr q" in wrong.json()["detail"]
