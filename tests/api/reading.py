"""What stands in an answer of A1111's generating calls."""

import json
from typing import Any

import httpx
from PIL import Image
from tests.fakes.pictures import opened


def info_of(answer: httpx.Response) -> dict[str, Any]:
    """Its `info`; the call has to have succeeded."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.json()["info"])


def pictures_of(answer: httpx.Response) -> list[Image.Image]:
    """Its pictures; the call has to have succeeded."""
    assert answer.status_code == 200, answer.text
    return [opened(image) for image in answer.json()["images"]]
