"""The page about jobs against the server."""

import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.api.native.client import Jobs

from tintype.core.webhook_secret import PREFIX
from tintype.server.native.jobs.fields import (
    GuidanceFields,
    HiresFields,
    InitFields,
    MaskFields,
    PaintingFields,
    RefinerFields,
    SamplingFields,
    TextFields,
)
from tintype.server.native.webhooks.signing import signed_headers

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "jobs.md").read_text(encoding="utf-8")
CALLS = [
    block
    for block in re.findall(r"^curl .*?[^\\]$", PAGE, re.MULTILINE | re.DOTALL)
    if "-N" not in block.split()  # a stream, which the tests of events read
]


@pytest.mark.parametrize("call", CALLS)
def test_calls_of_the_page_work(jobs: Jobs, call: str) -> None:
    """Each one, with the id of a job in its place, is answered with a 2xx."""
    draft = {"steps": 4, "draft_steps": 1} if "promote" in call else {}
    job = jobs.made(**draft)
    jobs.rested(job)
    method, url, headers, body = _read(call.replace("<id>", job))
    answer = jobs.http.request(
        method, url.removeprefix("http://127.0.0.1:7860"), headers=headers, content=body
    )

    assert answer.is_success, answer.text


def _read(call: str) -> tuple[str, str, dict[str, str], str | None]:
    words = shlex.split(call.replace("\\\n", " "), comments=True)
    headers: dict[str, str] = {}
    told: dict[str, Any] = {}
    url = next(word for word in words if word.startswith("http"))
    for word, value in pairwise(words):
        if word == "-H":
            name, _, text = value.partition(": ")
            headers[name] = text
        elif word in ("-X", "-d"):
            told[word] = value
    method = told.get("-X", "POST" if "-d" in told else "GET")
    return method, url, headers, told.get("-d")


@pytest.mark.parametrize(
    "fields",
    [
        PaintingFields,
        InitFields,
        MaskFields,
        HiresFields,
        RefinerFields,
        SamplingFields,
        GuidanceFields,
        TextFields,
    ],
)
def test_every_field_is_on_the_page(fields: Any) -> None:
    """By its name."""
    for name in fields.model_fields:
        assert f"`{name}`" in PAGE or f"`init.{name}`" in PAGE, name


def test_the_page_verifies_what_is_signed() -> None:
    """Its Python takes our signature, and no other."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    is_ours = names["is_from_tintype"]
    now = int(names["time"].time())
    secret, text = b"s" * 32, f"{PREFIX}{'c3Nz' * 10}c3M="
    body = json.dumps({"id": "j1"}).encode()
    headers = signed_headers(secret, "j1", now, body)

    assert is_ours(text, headers, body)
    assert not is_ours(text, headers, body + b" ")
    assert not is_ours(f"{PREFIX}{'c3Nz' * 10}AAA=", headers, body)
    assert not is_ours(text, signed_headers(secret, "j1", now - 600, body), body)
