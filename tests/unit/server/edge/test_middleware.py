"""What happens around every request."""

import asyncio
import json
import logging
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.server.edge.middleware import BodyLimit, Edge


async def echo_length(_: Scope, receive: Receive, send: Send) -> None:
    length, is_more = 0, True
    while is_more:
        message = await receive()
        length += len(message["body"])
        is_more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


async def stumble(_: Scope, receive: Receive, send: Send) -> None:
    raise ZeroDivisionError("secret path")


async def be_cancelled(_: Scope, receive: Receive, send: Send) -> None:
    raise asyncio.CancelledError


def ask(app: ASGIApp, chunks: list[bytes]) -> list[Message]:
    """What an application answers to a chunked POST."""
    sent: list[Message] = []
    bodies = iter(chunks)

    async def receive() -> Message:
        body = next(bodies)
        return {"type": "http.request", "body": body, "more_body": body is not chunks[-1]}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/x", "headers": []}
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    return sent


def test_body_of_exactly_the_limit_passes() -> None:
    """The bound is inclusive."""
    assert ask(BodyLimit(echo_length, 6), [b"abc", b"def"])[1]["body"] == b"6"


def test_chunked_body_beyond_the_limit_is_refused_while_it_comes() -> None:
    """Without a declared length the bytes are counted."""
    with pytest.raises(HTTPException) as refused:
        ask(BodyLimit(echo_length, 5), [b"abc", b"def"])

    assert refused.value.status_code == 413


def test_body_that_does_not_come_is_not_waited_for() -> None:
    """408 once the time is over; what came buys a little more of it, being told the end none."""

    async def receive() -> Message:
        if chunks:
            return {"type": "http.request", "body": chunks.pop(), "more_body": True}
        return await asyncio.Future()

    async def send(message: Message) -> None:
        raise AssertionError(message)

    chunks = [b"abc"]
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/x", "headers": []}
    with pytest.raises(HTTPException) as refused:
        asyncio.run(BodyLimit(echo_length, 9, seconds=0.05)(scope, receive, send))

    assert refused.value.status_code == 408
    assert "3 bytes did" in refused.value.detail


def test_clients_are_waited_for_without_end_once_all_is_said() -> None:
    """After the body an application may listen for the client's leaving as long as it likes."""

    async def listen(_: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        assert (await receive())["type"] == "http.disconnect"

    async def run() -> None:
        late = asyncio.Event()
        messages: list[Message] = [
            {"type": "http.disconnect"},
            {"type": "http.request", "body": b"", "more_body": False},
        ]

        async def receive() -> Message:
            if len(messages) == 1:
                await late.wait()
            return messages.pop()

        async def send(message: Message) -> None:
            raise AssertionError(message)

        async def stall() -> Message:
            return await asyncio.Future()

        scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/x", "headers": []}
        limit = BodyLimit(listen, 9, seconds=0.05)
        listening = asyncio.create_task(limit(scope, receive, send))
        with pytest.raises(HTTPException):  # an impatience that begins later ends first
            await BodyLimit(echo_length, 9, seconds=0.05)(scope, stall, send)
        assert not listening.done()
        late.set()
        await listening

    asyncio.run(run())


def test_unforeseen_errors_are_named_in_answer_and_log(caplog: pytest.LogCaptureFixture) -> None:
    """500 with an id the log has too; what went wrong stays in the log."""
    with caplog.at_level(logging.ERROR):
        start, body = ask(Edge(stumble), [b""])

    answer = json.loads(body["body"])
    request_id = answer["detail"].split()[-1]
    assert (start["status"], answer["error"]) == (500, "InternalError")
    assert "secret" not in answer["detail"]
    assert request_id in caplog.text
    assert "secret path" in caplog.text


def test_every_answer_says_how_long_it_took() -> None:
    """X-Process-Time in seconds."""
    headers = dict(ask(Edge(echo_length), [b""])[0]["headers"])

    assert float(headers[b"x-process-time"]) >= 0


def test_calls_the_end_of_the_server_cuts_off_are_told_so() -> None:
    """503 in a sentence to who still waits when the server's patience is over."""
    start, body = ask(Edge(be_cancelled), [b""])

    assert (start["status"], json.loads(body["body"])["error"]) == (503, "WorkerUnavailable")
    assert "the server stopped" in json.loads(body["body"])["detail"]
