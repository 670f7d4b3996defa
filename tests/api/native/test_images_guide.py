"""The page about kept pictures against the server."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image
from tests.api.native.client import Jobs

from tintype.imaging import encoded
from tintype.server.native.gallery.answers import PictureAnswer, PictureDetails

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "images.md").read_text(encoding="utf-8")
CALLS = re.findall(r"^curl .*?[^\\]$", PAGE, re.MULTILINE | re.DOTALL)
INFOTEXT = "a star\nSteps: 2, Sampler: Euler, Seed: 1, Size: 64x64"
STAR = encoded(Image.new("RGB", (64, 64)), "png", INFOTEXT)


@pytest.mark.parametrize("call", CALLS)
def test_calls_of_the_page_work(jobs: Jobs, call: str) -> None:
    """Each one, with the id of a picture in its place, is answered with a 2xx."""
    picture = jobs.http.post("/v1/images", content=STAR).json()["id"]
    if "-X DELETE" in call:
        jobs.http.put("/v1/styles/ink", json={})
    words = shlex.split(call.replace("\\\n", " ").replace("<image>", picture))
    told = dict(pairwise(words))
    address = next(word for word in words if word.startswith("http"))
    content = STAR if "--data-binary" in told else told.get("-d")
    answer = jobs.http.request(
        told.get("-X", "GET" if content is None else "POST"),
        address.removeprefix("http://127.0.0.1:7860"),
        headers=dict([told["-H"].split(": ")]) if "-H" in told else None,
        content=content,
    )
    jobs.http.delete("/v1/styles/ink")

    assert answer.is_success, answer.text


def test_every_field_is_on_the_page() -> None:
    """By its name."""
    for name in {*PictureAnswer.model_fields, *PictureDetails.model_fields}:
        assert f"`{name}`" in PAGE, name
