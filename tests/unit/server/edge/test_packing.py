"""Answers made smaller."""

import asyncio
import gzip
import json
import os
from base64 import b64encode

import pytest
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Scope

from tintype.server.edge.packing import Packed

LIST = json.dumps([{"name": f"model {number}"} for number in range(10_000)]).encode()
PICTURES = json.dumps({"images": [b64encode(os.urandom(200_000)).decode()]}).encode()


def answer(app: ASGIApp, accepted: str = "gzip") -> tuple[dict[bytes, bytes], bytes]:
    """Headers and body of what an application says behind the packing."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b""}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"accept-encoding", accepted.encode())]
    scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    scope["asgi"] = {"spec_version": "2.4"}  # so that streams do not look who is still there
    asyncio.run(Packed(app)(scope, receive, send))
    return dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent[1:])


def is_packed(app: ASGIApp, accepted: str = "gzip") -> bool:
    return b"content-encoding" in answer(app, accepted)[0]


@pytest.mark.parametrize("kind", ["application/json", "text/html; charset=utf-8", "text/plain"])
def test_texts_are_packed(kind: str) -> None:
    """With their length, and a word to caches."""
    headers, body = answer(Response(LIST, media_type=kind))

    assert gzip.decompress(body) == LIST
    assert headers[b"content-encoding"] == b"gzip"
    assert int(headers[b"content-length"]) == len(body) < len(LIST) / 3
    assert headers[b"vary"] == b"Accept-Encoding"


@pytest.mark.parametrize("size", [0, 999, 1000])
def test_short_ones_are_not(size: int) -> None:
    """A1111's bound, and the word to caches all the same."""
    app = Response(b"x" * size, media_type="text/plain")

    assert is_packed(app) == (size == 1000)
    assert answer(app)[0][b"vary"] == b"Accept-Encoding"


@pytest.mark.parametrize(
    "app",
    [
        Response(PICTURES, media_type="application/json"),
        Response(LIST, media_type="image/png"),
        Response(LIST, media_type="application/json", headers={"Content-Encoding": "br"}),
        StreamingResponse(iter([LIST, LIST]), media_type="text/plain"),
        StreamingResponse(iter([LIST]), media_type="text/event-stream"),
    ],
    ids=["base64 of a picture", "picture", "packed already", "stream", "events"],
)
def test_what_would_gain_nothing_goes_as_it_is(app: Response) -> None:
    """Byte for byte."""
    headers, body = answer(app)

    assert headers.get(b"content-encoding", b"br") == b"br"
    assert body.startswith((LIST, PICTURES))


@pytest.mark.parametrize(
    ("accepted", "packs"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("*", True),
        ("br", False),
        ("gzip;q=0", False),
        ("", False),
    ],
)
def test_only_who_takes_it_gets_it(accepted: str, packs: bool) -> None:  # noqa: FBT001
    """As the header says."""
    assert is_packed(Response(LIST, media_type="text/plain"), accepted) is packs
