"""Answers made smaller for those who take gzip, as A1111 does; plain ASGI."""

import asyncio
import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SMALLEST_BYTES = 1000
"""A1111's own bound."""

_LEVEL = 4
_SAMPLE_BYTES = 32 * 1024
_WORTH_IT = 0.6  # base64 of a picture comes to 0.76; JSON and pages come to less than 0.4
_AT_ONCE_BYTES = 64 * 1024  # a millisecond of work; what is longer is packed in a thread
_PACKED = ("application/json", "application/javascript", "image/svg+xml")


class Packed:
    """Packs whole answers of text and JSON from a thousand bytes on; streams go as they are.

    Pictures stay as they are, also as base64 in JSON: packing them takes some 65 ms for each
    megabyte and saves a quarter of it, which only a line below 30 Mbit/s makes up for. So a piece
    from the middle of a long answer is tried first.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _takes_gzip(scope):
            await self._app(scope, receive, send)
            return
        held: Message | None = None

        async def packed(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start" and _may_be_packed(message):
                held = message
                return
            if held is not None:
                start, held = held, None
                message = await _packed(start, message)
                await send(start)
            await send(message)

        await self._app(scope, receive, packed)


def _takes_gzip(scope: Scope) -> bool:
    accepted = Headers(scope=scope).get("accept-encoding", "").lower()
    wishes = (part.partition(";") for part in accepted.split(","))
    return any(
        kind.strip() in ("gzip", "*") and weight.replace(" ", "") not in ("q=0", "q=0.0")
        for kind, _, weight in wishes
    )


def _may_be_packed(start: Message) -> bool:
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0].strip()
    if kind == "text/event-stream" or "content-encoding" in headers:
        return False
    return kind in _PACKED or kind.startswith("text/")


async def _packed(start: Message, message: Message) -> Message:
    """The body, packed if that is worth it; says so in the headers of `start`."""
    headers = MutableHeaders(raw=list(start["headers"]))
    start["headers"] = headers.raw
    headers.add_vary_header("Accept-Encoding")
    body: bytes = message.get("body", b"")
    if message["type"] != "http.response.body" or message.get("more_body", False):
        return message
    if len(body) < SMALLEST_BYTES or not _is_worth_it(body):
        return message
    if len(body) <= _AT_ONCE_BYTES:
        smaller = gzip.compress(body, _LEVEL, mtime=0)
    else:
        smaller = await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
    headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(smaller))
    return {**message, "body": smaller}


def _is_worth_it(body: bytes) -> bool:
    if len(body) <= 2 * _SAMPLE_BYTES:
        return True
    middle = len(body) // 2
    sample = body[middle : middle + _SAMPLE_BYTES]
    return len(gzip.compress(sample, 1, mtime=0)) < _WORTH_IT * len(sample)
