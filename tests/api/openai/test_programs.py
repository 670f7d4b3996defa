"""What programs that know OpenAI's pictures send, as they send it."""

from base64 import b64decode
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from tests.fakes.front import Front
from tests.fakes.pictures import as_text, picture_file

KEY = {"Authorization": "Bearer sk-any"}
PICTURE = picture_file((9, 9, 9))


def size_of(file: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(file)).size


@pytest.mark.parametrize(
    "body",
    [
        {"model": "dall-e-2", "n": 1, "size": "64x64", "response_format": "b64_json"},
        {"model": "alpha.safetensors", "n": 1, "size": "64x64", "response_format": "b64_json"},
        {"model": "gpt-image-1", "n": 1, "size": "64x64"},
    ],
    ids=["dall-e", "ours", "gpt-image"],
)
def test_open_webui(front: Front, body: dict[str, Any]) -> None:
    """Its engine `openai` reads base64 where it asks for it, and where gpt-image answers so."""
    answer = front.http.post(
        "/v1/images/generations", json={"prompt": "a cat", **body}, headers=KEY
    )
    (picture,) = answer.json()["data"]

    assert size_of(b64decode(picture["b64_json"])) == (64, 64)


def test_open_webui_reads_addresses(front: Front) -> None:
    """Without a response format it fetches what the address leads to."""
    body = {"model": "dall-e-3", "prompt": "a cat", "n": 1, "size": "64x64"}
    (picture,) = front.http.post("/v1/images/generations", json=body, headers=KEY).json()["data"]

    assert size_of(front.http.get(picture["url"]).content) == (64, 64)


@pytest.mark.parametrize("name", ["image", "image[]"])
def test_open_webui_edits(front: Front, name: str) -> None:
    """A form, with one picture or a list of them."""
    fields = {"model": "gpt-image-1", "prompt": "a dog", "n": "1", "size": "64x64"}
    answer = front.http.post(
        "/v1/images/edits",
        data=fields,
        files=[(name, ("image.png", PICTURE, "image/png"))],
        headers=KEY,
    )

    assert size_of(b64decode(answer.json()["data"][0]["b64_json"])) == (64, 64)


def test_librechat_dalle(front: Front) -> None:
    """It reads `data[0].url`."""
    body = {
        "model": "dall-e-3",
        "quality": "standard",
        "style": "vivid",
        "size": "64x64",
        "prompt": "a cat",
        "n": 1,
    }
    said = front.http.post("/v1/images/generations", json=body, headers=KEY).json()

    assert said["data"][0]["url"].startswith(f"{front.url}/v1/pictures/")


def test_librechat_gpt_image(front: Front) -> None:
    """It says everything there is to say, and nulls."""
    body = {
        "model": "gpt-image-1",
        "prompt": "a cat",
        "n": 1,
        "size": "auto",
        "quality": "auto",
        "background": "auto",
        "output_format": "png",
        "output_compression": 100,
        "moderation": "auto",
        "user": "someone",
        "response_format": None,
    }
    said = front.http.post("/v1/images/generations", json=body, headers=KEY).json()

    assert size_of(b64decode(said["data"][0]["b64_json"])) == (512, 512)
    assert (said["size"], said["quality"]) == ("512x512", "medium")


def test_json_edits(front: Front) -> None:
    """OpenAI's newer bodies name pictures by data URI."""
    uri = f"data:image/png;base64,{as_text(PICTURE)}"
    body = {
        "model": "gpt-image-1",
        "prompt": "a dog",
        "images": [{"image_url": uri}],
        "size": "64x64",
    }
    answer = front.http.post("/v1/images/edits", json=body, headers=KEY)

    assert size_of(b64decode(answer.json()["data"][0]["b64_json"])) == (64, 64)


def test_a_call_sent_again(front: Front) -> None:
    """Under its key it is answered with the same pictures; another one under it is refused."""
    body = {"prompt": "a cat", "size": "64x64", "steps": 2, "response_format": "b64_json"}
    headers = KEY | {"Idempotency-Key": "once"}
    first, second = (
        front.http.post("/v1/images/generations", json=body, headers=headers) for _ in range(2)
    )
    other = front.http.post("/v1/images/generations", json=body | {"n": 2}, headers=headers)

    assert first.json()["data"] == second.json()["data"]
    assert first.headers["X-Tintype-Job"] == second.headers["X-Tintype-Job"]
    assert other.status_code == 422


def test_its_job_is_one_of_all(front: Front) -> None:
    """It can be looked at, with what was asked for and without pictures."""
    answer = front.http.post(
        "/v1/images/edits",
        json={"prompt": "a dog", "image": as_text(PICTURE), "size": "64x64", "user": "me"},
        headers={"X-Tintype-Priority": "batch"},
    )
    job = front.http.get(f"/v1/jobs/{answer.headers['X-Tintype-Job']}").json()

    assert (job["dialect"], job["priority"], job["state"]) == ("openai/edits", "batch", "done")
    assert job["request"]["user"] == "me"
    assert job["request"]["image"][0].startswith("sha256:")
