"""Around every request: its id, its line in the log, and its place in the counts. Plain ASGI."""

import logging
import re
import time
from collections.abc import Mapping, MutableMapping
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.logs import REQUEST
from tintype.server.seeing.counts import Answered, Counts

REQUEST_ID = "X-Request-Id"

_log = logging.getLogger("tintype.access")
_FIT_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_GONE = 499  # nginx's number: nobody waited for an answer


class Seen:
    """Outermost. Every answer carries `X-Request-Id`: the caller's where it is fit, or one of ours.

    Whatever happens inside finds it as `request.state.request_id`, and log lines carry it. A route
    or error handler that puts the class of an error into `request.state.error` has it counted.
    """

    def __init__(self, app: ASGIApp, counts: Counts) -> None:
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id = _request_id(Headers(scope=scope))
        status, since = _GONE, time.perf_counter()

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        token = REQUEST.set(state)
        self._counts.open_requests += 1
        try:
            await self._app(scope, receive, named)
        finally:
            self._counts.open_requests -= 1
            self._tell(scope, status, time.perf_counter() - since)
            REQUEST.reset(token)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method: str = scope["method"] if scope["method"] in _METHODS else "other"
        answered = Answered(route_of(scope), method, status, seconds, _error(scope, status))
        self._counts.note_request(answered)
        facts = {"method": method, "route": answered.route, "status": status, "seconds": seconds}
        _log.debug(
            "%s %s %d %.3f s", method, scope["path"], status, seconds, extra={"facts": facts}
        )


def route_of(scope: Mapping[str, Any]) -> str:
    """The template of the route that answered, from its prefix on; "other" where none did.

    FastAPI's routes know their template from their own router on; what stands before it is
    constant, so it is read off the path.
    """
    template = getattr(scope.get("route"), "path_format", None)
    if not isinstance(template, str):
        return "other"
    tail = template.format(**{name: str(v) for name, v in scope.get("path_params", {}).items()})
    path: str = scope["path"]
    return path.removesuffix(tail) + template if path.endswith(tail) else template


def _request_id(headers: Headers) -> str:
    given = headers.get(REQUEST_ID, "")
    return given if _FIT_ID.fullmatch(given) else uuid4().hex


def _error(scope: Scope, status: int) -> str:
    """What the answer was an error of: its class where that is known, else in general terms."""
    named = scope["state"].get("error")
    if named or status < 500:
        return named or ""
    return "InternalError"
