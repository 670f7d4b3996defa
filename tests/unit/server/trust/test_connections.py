"""Clients that do not send what they began, on a real socket with little patience."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from tintype.core.settings import TrustConfig
from tintype.server.trust.connections import Doorkeeper

Connect = Callable[[], Awaitable[tuple[StreamReader, StreamWriter]]]
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def answer_at_once(_: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"X", b"y")]})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def serving(app: Any, **config: Any) -> AsyncGenerator[Connect]:
    """A server of this application that waits a quarter of a second for a request."""
    keeper = Doorkeeper(TrustConfig(**config), head_seconds=0.25)
    told = uvicorn.Config(app, http=keeper.protocol, ws="none", log_config=None, lifespan="off")
    told.load()
    state, protocol = ServerState(), keeper.protocol
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: protocol(told, state, {}), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()[:2]
    async with server:
        yield lambda: asyncio.open_connection(*address)


async def said(connect: Connect, data: bytes) -> bytes:
    """Everything the server says to these bytes, until it hangs up."""
    reader, writer = await connect()
    writer.write(data)
    try:
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


@pytest.mark.parametrize("data", [b"", b"G", GET, GET + b"X-Slow: a"])
def test_a_head_that_does_not_come_is_not_waited_for(data: bytes) -> None:
    """408, whether nothing came or nearly everything."""

    async def run() -> bytes:
        async with serving(answer_at_once) as connect:
            return await said(connect, data)

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"RequestTimeout" in answer


def test_a_second_head_is_not_waited_for_either() -> None:
    """Having asked once before buys no patience."""

    async def run() -> bytes:
        async with serving(answer_at_once) as connect:
            return await said(connect, GET + b"\r\n" + GET)

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


def test_a_body_nobody_reads_is_not_waited_for() -> None:
    """The answer is sent, and after a while the connection closed."""

    async def run() -> bytes:
        async with serving(answer_at_once) as connect:
            head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc"
            return await said(connect, head)

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"HTTP/1.1") == 1


def test_a_slow_answer_is_not_the_clients_fault() -> None:
    """While the application works nothing is measured: a newer idle connection ends first."""

    async def run() -> bytes:
        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            assert (await said(connect, b"")).startswith(b"HTTP/1.1 408 ")
            await answer_at_once(scope, receive, send)

        async with serving(slow) as connect:
            return await said(connect, GET + b"Connection: close\r\n\r\n")

    assert asyncio.run(run()).startswith(b"HTTP/1.1 200 ")


def test_one_connection_too_many_is_told_so() -> None:
    """429 and closed at once."""

    async def run() -> bytes:
        async with serving(answer_at_once, connections_per_address=1) as connect:
            _, first = await connect()
            try:
                return await said(connect, b"")
            finally:
                first.close()

    assert asyncio.run(run()).startswith(b"HTTP/1.1 429 ")


@pytest.mark.parametrize("proxies", [("127.0.0.1",), ("10.0.0.0/8", "127.0.0.0/8"), ("*",)])
def test_proxies_bring_as_many_as_they_like(proxies: tuple[str, ...]) -> None:
    """They speak for everybody."""
    keeper = Doorkeeper(TrustConfig(connections_per_address=1, forwarded_by=proxies))

    assert [keeper.enter("127.0.0.1") for _ in range(3)] == [True, True, True]


def test_closed_connections_make_room() -> None:
    """Those that are counted are those that are open; other addresses have their own."""
    keeper = Doorkeeper(TrustConfig(connections_per_address=1))
    assert keeper.enter("10.0.0.1")
    assert not keeper.enter("10.0.0.1")
    assert keeper.enter("10.0.0.2")

    keeper.leave("10.0.0.1")
    keeper.leave("10.0.0.1")
    assert keeper.enter("10.0.0.1")
