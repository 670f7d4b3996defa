"""The description that clients are generated from, and the page it is read on."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from tests.fakes.front import Front

Call = tuple[str, str, dict[str, Any]]

NATIVE = {
    "createJob": "POST /v1/jobs",
    "getJob": "GET /v1/jobs/{job_id}",
    "followJob": "GET /v1/jobs/{job_id}/events",
    "listImages": "GET /v1/images",
    "changeImage": "PATCH /v1/images/{image_id}",
    "listModels": "GET /v1/models",
    "verifyImage": "POST /v1/verify",
    "postSdapiTxt2img": "POST /sdapi/v1/txt2img",
    "getSdapiSdModels": "GET /sdapi/v1/sd-models",
}
"""Names that generated clients already use."""


@pytest.fixture(scope="module")
def schema(front: Front) -> dict[str, Any]:
    return front.http.get("/openapi.json").json()


def calls(schema: dict[str, Any]) -> Iterator[Call]:
    for path, methods in schema["paths"].items():
        for method, call in methods.items():
            yield method.upper(), path, call


def test_every_call_is_told_of(schema: dict[str, Any]) -> None:
    """In a line, in a sentence or more, and under one tag that is itself described."""
    tags = {tag["name"] for tag in schema["tags"] if tag["description"]}
    for method, path, call in calls(schema):
        assert call["summary"].strip(), (method, path)
        assert call.get("description", "").strip(), (method, path)
        assert len(call["tags"]) == 1, (method, path)
        assert call["tags"][0] in tags, (method, path)


def test_names_of_calls(schema: dict[str, Any]) -> None:
    """Short, fit for a function in any language, each there once, and the same as ever."""
    names = Counter(call["operationId"] for _, _, call in calls(schema))
    assert [name for name, times in names.items() if times > 1] == []
    assert [name for name in names if not re.fullmatch(r"[a-z][A-Za-z0-9]{2,39}", name)] == []
    here = {call["operationId"]: f"{method} {path}" for method, path, call in calls(schema)}
    assert NATIVE.items() <= here.items()


def test_every_body_has_an_example(schema: dict[str, Any]) -> None:
    """Files apart, which are told by their kind."""
    for method, path, call in calls(schema):
        for kind, content in call.get("requestBody", {}).get("content", {}).items():
            is_file = content.get("schema", {}).get("format") == "binary"
            assert is_file or _has_example(schema, content), (method, path, kind)


def test_every_answer_has_a_form(schema: dict[str, Any]) -> None:
    """What comes when all goes well has a kind, unless nothing comes; errors have theirs."""
    for method, path, call in calls(schema):
        answers = call["responses"]
        assert {"422", "4XX", "5XX"} <= answers.keys(), (method, path)
        for status, answer in answers.items():
            assert answer["description"], (method, path, status)
            if status.startswith("2") and status != "204":
                assert answer.get("content"), (method, path, status)


def test_every_own_parameter_and_field_is_told_of(schema: dict[str, Any]) -> None:
    """Of kept pictures and styles, whose words are ours."""
    for method, path, call in calls(schema):
        if not re.match(r"/v1/(images(?!/(generations|edits|variations))|styles|verify)", path):
            continue
        for one in call.get("parameters", []):
            is_plain = one["schema"].get("type") == "boolean" or one["name"] in ("seed", "starred")
            assert is_plain or one.get("description"), (method, path, one["name"])


def test_the_page_shows_every_call(front: Front, schema: dict[str, Any]) -> None:
    """With examples for curl and Python that hold its address."""
    page = front.http.get("/docs").text
    for method, path, call in calls(schema):
        part = page.partition(f'<article id="{call["operationId"]}">')[2].partition("</article>")[0]
        assert method in part, path
        assert part.count(front.url) == 2, path
        assert f"httpx.{method.lower()}(" in part, path


def test_the_page_needs_nothing_else(front: Front) -> None:
    """It loads no script, style, font or picture, from this host or another."""
    loaded: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = dict(attrs)
            if tag == "link" or given.get("src"):
                loaded.append(str(given))

    page = front.http.get("/docs").text
    Reader().feed(page)
    assert loaded == []
    assert not re.search(r"@import|url\(|https?://(?!127\.0\.0\.1)", page)


def test_python_of_the_page_is_python(front: Front, schema: dict[str, Any]) -> None:
    """Every example compiles."""
    from tintype.server.reference.snippets import python_of

    for method, path, call in calls(schema):
        compile(python_of(front.url, method, path, call), path, "exec")


def _has_example(schema: dict[str, Any], content: dict[str, Any]) -> bool:
    if "example" in content or "examples" in content:
        return True
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    model = schema["components"]["schemas"].get(name, {})
    return "example" in model or "examples" in model
