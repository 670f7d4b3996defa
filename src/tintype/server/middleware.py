"""What happens around every request, as plain ASGI, so that a client's leaving is seen inside."""

import logging
from asyncio import CancelledError
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.server.errors import BodyTooLarge, error_body

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
            request_id = uuid4().hex[:12]
            _log.exception("request %s: %s %s", request_id, scope["method"], scope["path"])
            if not has_begun:
                await _unexpected(request_id)(scope, receive, timed)


class BodyLimit:
    """Refuses bodies of more than `max_bytes` with 413, however they are sent."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _declared_length(scope) > self._max_bytes:
            answer = JSONResponse(error_body("BodyTooLarge", self._refusal), 413)
            await answer(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise BodyTooLarge(self._refusal)
            return message

        await self._app(scope, counted, send)

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
