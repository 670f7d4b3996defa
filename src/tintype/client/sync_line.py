"""Carries the questions of a flow to a server, and waits for each answer."""

from collections.abc import Iterator
from contextlib import closing
from time import sleep
from typing import TypeVar

import httpx

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


def carried(flow: Flow[T], http: httpx.Client) -> T:
    """What a flow comes to."""
    reply: Reply = None
    with closing(_Line(http)) as line, closing(flow):
        while True:
            try:
                question = flow.send(reply)
            except StopIteration as end:
                return end.value
            reply = line.reply(question)


def told(telling: Telling[object], http: httpx.Client) -> Iterator[Event]:
    """The events of a flow, as they come."""
    reply: Reply = None
    with closing(_Line(http)) as line, closing(telling):
        while True:
            try:
                question = telling.send(reply)
            except StopIteration:
                return
            if isinstance(question, Tell):
                reply = None
                yield question.event
            else:
                reply = line.reply(question)


class _Line:
    """Answers questions, and keeps the one answer that is left open."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._open: httpx.Response | None = None
        self._pieces: Iterator[bytes] = iter(())

    def reply(self, question: Question) -> Reply:
        try:
            return self._reply(question)
        except httpx.RequestError as error:
            return lost(error, base_address(self._http.base_url))

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _reply(self, question: Question) -> Reply:
        match question:
            case Send(call):
                response = self._http.send(self._request(call))
                return answer(response, response.content)
            case Open(call, silence_seconds):
                return self._opened(self._request(call, silence_seconds))
            case Read():
                return next(self._pieces, None)
            case Pause(seconds):
                sleep(max(seconds, 0.0))
                return None

    def _opened(self, request: httpx.Request) -> Reply:
        self.close()
        response = self._open = self._http.send(request, stream=True)
        self._pieces = response.iter_bytes()
        return answer(response, response.read() if not response.is_success else b"")

    def _request(self, call: Call, silence_seconds: float | None = None) -> httpx.Request:
        timeout = patient(self._http.timeout, silence_seconds)
        return self._http.build_request(**parts(call), timeout=timeout)
