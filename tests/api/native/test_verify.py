"""Does a picture come out the same here?"""

from base64 import b64decode, b64encode
from typing import Any

import httpx
import pytest
from PIL import Image
from tests.api.native.client import Jobs

from tintype.imaging import encoded, infotext_in


def verify(jobs: Jobs, **body: Any) -> httpx.Response:
    return jobs.http.post("/v1/verify", json=body)


def test_a_picture_of_this_server(jobs: Jobs) -> None:
    """It is the same, by its bytes or by its id; the job that made it again is named."""
    answer = jobs.front.txt2img("verify me", seed=5, save_images=True).json()
    (kept,) = jobs.http.get("/v1/images", params={"search": "verify"}).json()["images"]
    for body in ({"image": answer["images"][0]}, {"id": kept["id"]}):
        told = verify(jobs, **body)
        assert told.status_code == 200, told.text
        verdict = told.json()
        assert (verdict["same"], verdict["highest"]) == (True, 0)
        assert jobs.seen(verdict["job"])["dialect"] == "native/verify"
        assert jobs.http.get(verdict["picture"]).status_code == 200


def test_a_picture_that_was_changed(jobs: Jobs) -> None:
    """It differs, by how much and in how much of it."""
    data = b64decode(jobs.front.txt2img("verify me", seed=5).json()["images"][0])
    forged = encoded(Image.new("RGB", (64, 64), (0, 0, 255)), "png", infotext_in(data)[0])
    verdict = verify(jobs, image=b64encode(forged).decode()).json()
    assert (verdict["same"], verdict["highest"], verdict["share"]) == (False, 250, 1.0)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 422, "either id or image"),
        ({"id": "x", "image": "y"}, 422, "either id or image"),
        ({"id": "x"}, 404, "no picture"),
        ({"image": "////"}, 422, "no picture"),
        ({"picture": "x"}, 422, "not permitted"),
    ],
)
def test_what_cannot_be_verified(jobs: Jobs, body: dict[str, Any], status: int, words: str) -> None:
    """Refused in words."""
    answer = verify(jobs, **body)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


@pytest.mark.parametrize(
    ("infotext", "status", "words"),
    [
        (None, 422, "no infotext"),
        ("a cat", 422, "does not tell Steps"),
        ("a\nSteps: 2, Sampler: Euler, Seed: 1, Size: 64x64, Model hash: 0123456789", 404, "hash"),
        ("a\nSteps: 2, Sampler: Oiler, Seed: 1, Size: 64x64", 404, "Oiler"),
    ],
)
def test_pictures_that_do_not_tell_enough(
    jobs: Jobs, infotext: str | None, status: int, words: str
) -> None:
    """What is missing is named."""
    data = encoded(Image.new("RGB", (64, 64)), "png", infotext)
    answer = verify(jobs, image=b64encode(data).decode())
    assert (answer.status_code, words in answer.text) == (status, True), answer.text


def test_a_job_that_fails(jobs: Jobs) -> None:
    """Its error is the answer."""
    text = "fail-engine\nSteps: 2, Sampler: Euler, Seed: 1, Size: 64x64"
    data = encoded(Image.new("RGB", (64, 64)), "png", text)
    assert verify(jobs, image=b64encode(data).decode()).status_code == 500
