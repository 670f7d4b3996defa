"""What replayed clients have in common: they send JSON, and take answers apart."""

import base64
import json
from typing import Any

import httpx
from PIL import Image
from tests.fakes.front import Front
from tests.fakes.pictures import opened

PNG_MAGIC = b"\x89PNG"


def good(answer: httpx.Response) -> Any:
    """The JSON of an answer that has to be a success."""
    assert answer.status_code == 200, f"{answer.request.url}: {answer.text[:500]}"
    return answer.json()


def got(front: Front, path: str, **arguments: Any) -> Any:
    """What a GET brings."""
    return good(front.http.get(path, **arguments))


def posted(front: Front, path: str, body: Any, **arguments: Any) -> Any:
    """What a POST of JSON brings."""
    return good(front.http.post(path, json=body, **arguments))


def raw(front: Front, path: str, body: Any, content_type: str | None = None) -> httpx.Response:
    """A POST whose body is JSON, but does not say so."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    return front.http.post(path, content=json.dumps(body).encode(), headers=headers)


def drawn(text: str) -> Image.Image:
    """A picture that came as bare standard base64 of a PNG, read as strictly as Go reads it."""
    assert "," not in text
    assert base64.b64decode(text, validate=True).startswith(PNG_MAGIC)
    return opened(text)


def checkpoint_titles(front: Front) -> list[str]:
    """Titles of the checkpoints, as clients show them."""
    return [model["title"] for model in got(front, "/sdapi/v1/sd-models")]
