"""Carries the questions of a flow to a server, and awaits each answer."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, closing
from typing import TypeVar

import httpx
from anyio import CancelScope
from anyio import sleep as pause

from tintype.client.carrying import answer, base_address, lost, parts, patient
from tintype.client.values import Event
from tintype.client.wire import (
    Call,
    Flow,
    Open,
    Pause,
    Question,
    Read,
    Reply,
    Send,
    Tell,
    Telling,
)

T = TypeVar("T")


async def carried(flow: Flow[T], http: httpx.AsyncClient) -> T:
    """What a flow comes to."""
    reply: Reply = None
    async with aclosing(_Line(http)) as line:
        with closing(flow):
            while True:
                try:
                    question = flow.send(reply)
                except StopIteration as end:
                    return end.value
                reply = await line.reply(question)


async def told(telling: Telling[object], http: httpx.AsyncClient) -> AsyncGenerator[Event]:
    """The events of a flow, as they come."""
    reply: Reply = None
    async with aclosing(_Line(http)) as line:
        with closing(telling):
            while True:
                try:
                    question = telling.send(reply)
                except StopIteration:
                    return
                if isinstance(question, Tell):
                    reply = None
                    yield question.event
                else:
                    reply = await line.reply(question)


class _Line:
    """Answers questions, and keeps the one answer that is left open."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._open: httpx.Response | None = None
        self._pieces: AsyncIterator[bytes] | None = None

    async def reply(self, question: Question) -> Reply:
        try:
            return await self._reply(question)
        except httpx.RequestError as error:
            return lost(error, base_address(self._http.base_url))

    async def aclose(self) -> None:
        if self._open is not None:
            response, self._open = self._open, None
            with CancelScope(shield=True):  # a task that is cancelled still gives back its line
                await response.aclose()

    async def _reply(self, question: Question) -> Reply:
        match question:
            case Send(call):
                response = await self._http.send(self._request(call))
                return answer(response, response.content)
            case Open(call, silence_seconds):
                return await self._opened(self._request(call, silence_seconds))
            case Read():
                return None if self._pieces is None else await anext(self._pieces, None)
            case Pause(seconds):
                await pause(max(seconds, 0.0))
                return None

    async def _opened(self, request: httpx.Request) -> Reply:
        await self.aclose()
        response = self._open = await self._http.send(request, stream=True)
        self._pieces = response.aiter_bytes()
        return answer(response, await response.aread() if not response.is_success else b"")

    def _request(self, call: Call, silence_seconds: float | None = None) -> httpx.Request:
        timeout = patient(self._http.timeout, silence_seconds)
        return self._http.build_request(**parts(call), timeout=timeout)
