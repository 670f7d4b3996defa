"""What both lines make of httpx's words."""

from typing import TypedDict

import httpx

from tintype.client.wire import Answer, Call, Lost

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_CONNECT_SECONDS = 10.0

LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)
"""Everybody who waits for a job holds a line; the server has a bound of its own."""


class RequestParts(TypedDict):
    """Arguments of `httpx.Client.build_request`."""

    method: str
    url: str
    params: dict[str, str | int | float | list[int]]
    json: object
    headers: dict[str, str]


def parts(call: Call) -> RequestParts:
    """A call as httpx takes it."""
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.query),
        "json": call.body,
        "headers": dict(call.headers),
    }


def timeout_of(call_seconds: float) -> httpx.Timeout:
    """How long one answer may take."""
    return httpx.Timeout(call_seconds, connect=min(call_seconds, _CONNECT_SECONDS))


def patient(usual: httpx.Timeout, silence_seconds: float | None) -> httpx.Timeout:
    """The usual, but for how long there may be nothing to read."""
    if silence_seconds is None:
        return usual
    return httpx.Timeout(
        connect=usual.connect, read=silence_seconds, write=usual.write, pool=usual.pool
    )


def answer(response: httpx.Response, content: bytes) -> Answer:
    """A response whose content was read, or is not wanted."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, content)


def lost(error: httpx.RequestError, url: str) -> Lost:
    """Why there is no answer."""
    reason = str(error) or type(error).__name__
    return Lost(f"{url} does not answer: {reason}", not isinstance(error, _NEVER_SENT))


def base_address(url: httpx.URL) -> str:
    """The server's address as messages tell it: without a password."""
    return str(url.copy_with(username=None, password=None)).rstrip("/")
