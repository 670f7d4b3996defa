"""Bodies of forms, put together again."""

from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from tintype.errors import InvalidRequest
from tintype.server.openai.reading import read_body
from tintype.server.sdapi.asking.fields import Txt2ImgBody


@pytest.fixture
def client() -> TestClient:
    """Answers with the fields of a body, or with the text of its refusal."""
    app = FastAPI()

    @app.post("/")
    async def told(request: Request) -> dict[str, Any]:
        try:
            body = await read_body(request, Txt2ImgBody)
        except InvalidRequest as error:
            return {"refused": str(error)}
        return body.model_dump(exclude_unset=True)

    assert told
    return TestClient(app)


def test_a_form_says_what_json_would(client: TestClient) -> None:
    """Lists with brackets, numbers, objects key by key; numbers in texts are numbers."""
    parts = {
        "prompt": (None, "a cat"),
        "steps": (None, "4"),
        "override_settings[CLIP_stop_at_last_layers]": (None, "2"),
        "override_settings[eta_noise_seed_delta]": (None, "31337"),
    }
    styles = [("styles[]", (None, "one")), ("styles[]", (None, "two"))]
    answer = client.post("/", files=[*parts.items(), *styles])

    assert answer.json() == {
        "prompt": "a cat",
        "steps": 4,
        "override_settings": {"CLIP_stop_at_last_layers": "2", "eta_noise_seed_delta": "31337"},
        "styles": ["one", "two"],
    }


@pytest.mark.parametrize("names", [("styles[0]", "styles[1]"), ("styles", "styles")])
def test_lists_have_several_spellings(client: TestClient, names: tuple[str, str]) -> None:
    """With numbers in the brackets, or the name several times."""
    parts = [(name, (None, text)) for name, text in zip(names, "ab", strict=True)]

    assert client.post("/", files=parts).json() == {"styles": ["a", "b"]}


def test_objects_may_be_json(client: TestClient) -> None:
    """In a part of their own."""
    parts = {"override_settings": (None, '{"sd_vae": "None"}'), "prompt": (None, "[a:b:4]")}

    assert client.post("/", files=parts).json() == {
        "override_settings": {"sd_vae": "None"},
        "prompt": "[a:b:4]",
    }


def test_files_are_base64(client: TestClient) -> None:
    """Whatever is in them."""
    answer = client.post("/", files={"prompt": ("x.png", b"\x00\xff")})

    assert answer.json() == {"prompt": "AP8="}


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        (b"{", "application/json", "expected JSON"),
        (b"\xff", "application/json", "expected JSON"),
        (b"9" * 5000, "application/json", "expected JSON"),
        (b"{}", "text/plain", "expected application/json or multipart/form-data, got 'text/plain'"),
        (b"--", "multipart/form-data", "expected a form"),
        (b"--x\r\nxx\r\n", "multipart/form-data; boundary=x", "expected a form"),
    ],
)
def test_what_cannot_be_read(client: TestClient, content: bytes, kind: str, text: str) -> None:
    """Torn JSON, torn forms, other kinds: refused in words."""
    answer = client.post("/", content=content, headers={"Content-Type": kind})

    assert text in answer.json()["refused"]


def test_a_field_in_two_shapes(client: TestClient) -> None:
    """Cannot be a text and an object."""
    parts = [("comments", (None, "x")), ("comments[a]", (None, "y"))]

    assert "two ways" in client.post("/", files=parts).json()["refused"]
