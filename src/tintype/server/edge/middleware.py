"""What happens around every request, as plain ASGI, so that a client's leaving is seen inside."""

import asyncio
import logging
from asyncio import CancelledError
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.server.errors import BodyTooLarge, BodyTooSlow, error_body

_log = logging.getLogger("tintype.server")


class Edge:
    """Outermost: measures each request, and answers for what nobody foresaw.

    Every answer carries `X-Process-Time` in seconds, as A1111's do.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        since = perf_counter()
        has_begun = False

        async def timed(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                seconds = round(perf_counter() - since, 4)
                MutableHeaders(scope=message)["X-Process-Time"] = str(seconds)
            await send(message)

        try:
            await self._app(scope, receive, timed)
        except CancelledError:  # the server ends, and this was its last patience
            if not has_begun:
                await _stopped()(scope, receive, timed)
        except Exception:
            request_id = scope.get("state", {}).get("request_id") or uuid4().hex[:12]
            _log.exception("request %s: %s %s", request_id, scope["method"], scope["path"])
            if not has_begun:
                await _unexpected(request_id)(scope, receive, timed)


BODY_SECONDS = 30.0
_BYTES_PER_SECOND = 32 * 1024  # of a line so slow that a picture of 1 MB takes another half minute


class BodyLimit:
    """Refuses bodies of more than `max_bytes` with 413, however they are sent, and slow ones.

    A body that is waited for longer than `seconds`, and a second more for each 32 KiB that have
    come, is answered with 408.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float = BODY_SECONDS) -> None:
        self._app, self._max_bytes, self._seconds = app, max_bytes, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _declared_length(scope) > self._max_bytes:
            answer = JSONResponse(error_body("BodyTooLarge", self._refusal), 413)
            await answer(scope, receive, send)
            return
        received, waited, is_whole = 0, 0.0, False

        async def counted() -> Message:
            nonlocal received, waited, is_whole
            if is_whole:  # what comes now is that the client leaves
                return await receive()
            since = perf_counter()
            message = await self._in_time(receive, received, waited)
            waited += perf_counter() - since
            received += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if received > self._max_bytes:
                raise BodyTooLarge(self._refusal)
            return message

        await self._app(scope, counted, send)

    async def _in_time(self, receive: Receive, received: int, waited: float) -> Message:
        try:
            async with asyncio.timeout(self._seconds + received / _BYTES_PER_SECOND - waited):
                return await receive()
        except TimeoutError:
            text = f"the body did not come within {self._seconds:g} s; {received} bytes did"
            raise BodyTooSlow(text) from None

    @property
    def _refusal(self) -> str:
        return f"the body is larger than the {self._max_bytes} bytes allowed"


def _declared_length(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def _stopped() -> JSONResponse:
    text = "the server stopped before this was finished"
    return JSONResponse(error_body("WorkerUnavailable", text), 503, {"Retry-After": "5"})


def _unexpected(request_id: str) -> JSONResponse:
    text = f"something went wrong that should not; the server's log has it as request {request_id}"
    return JSONResponse(error_body("InternalError", text), 500)
