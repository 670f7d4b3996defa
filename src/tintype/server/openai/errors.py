"""Errors in OpenAI's shape, whoever refused: `{"error": {message, type, param, code}}`."""

import gzip
import json
import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, Field
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tintype.errors import InvalidRequest, TintypeError, UnknownName
from tintype.server.errors import FIELD_IN_STATE, status_of

PATHS = ("/v1/images/generations", "/v1/images/edits", "/v1/images/variations")

_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES = {
    "NotAuthenticated": "invalid_api_key",
    "QuotaReached": "rate_limit_exceeded",
    "TooManyAttempts": "rate_limit_exceeded",
    "InvalidRequest": "invalid_value",
}
_ENDED = 409  # somebody has ended the job; unasked, OpenAI's clients would make it again
_NO_MODEL = "checkpoint "  # what is not known, as `UnknownName` says it first


class ErrorDetails(BaseModel):
    """What is wrong."""

    message: str
    type: str = Field(description="invalid_request_error, rate_limit_error, server_error, …")
    param: str | None = Field(description="the field that is wrong")
    code: str | None = Field(description="the kind, as in invalid_api_key or model_not_found")


class ErrorAnswer(BaseModel):
    """What a call answers that could not be done."""

    error: ErrorDetails


class InTheirShape:
    """Puts every error below OpenAI's paths into OpenAI's shape, from whatever room it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_theirs(scope["path"]):
            send = _Rewriter(scope, send)
        await self._app(scope, receive, send)


class _Rewriter:
    """Holds an answer back that is an error in JSON, until it is whole."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._start: Message | None = None
        self._body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_error(message):
            self._start = message
        elif self._start is not None and message["type"] == "http.response.body":
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._send_whole(self._start, MutableHeaders(scope=self._start))
        else:
            await self._send(message)

    async def _send_whole(self, start: Message, headers: MutableHeaders) -> None:
        if headers.get("content-encoding") == "gzip":
            self._body = gzip.decompress(self._body)
            del headers["content-encoding"]
        field = self._scope.get("state", {}).get(FIELD_IN_STATE)
        said = {"error": _error(start["status"], json.loads(self._body), field)}
        body = json.dumps(said).encode()
        headers["Content-Length"] = str(len(body))
        if start["status"] == _ENDED:
            headers["X-Should-Retry"] = "false"
        await self._send(start)
        await self._send({"type": "http.response.body", "body": body})


def error_of(error: TintypeError) -> dict[str, str | None]:
    """An error as an event of a stream tells of it."""
    field = error.field if isinstance(error, InvalidRequest) else None
    return _details(status_of(error), type(error).__name__, str(error), field)


def _is_theirs(path: str) -> bool:
    return any(path == one or path.startswith(f"{one}/") for one in PATHS)


def _is_error(start: Message) -> bool:
    kind = MutableHeaders(scope=start).get("content-type", "")
    return start["status"] >= 400 and kind.startswith("application/json")


def _error(status: int, said: Mapping[str, Any], field: str | None) -> dict[str, str | None]:
    """Out of one of the shapes of `server.errors`."""
    detail = said.get("detail")
    if isinstance(detail, list):
        return _of_places(status, cast("list[Mapping[str, Any]]", detail))
    return _details(status, said.get("error"), str(detail), field)


def _of_places(status: int, places: list[Mapping[str, Any]]) -> dict[str, str | None]:
    fields = [".".join(str(part) for part in place["loc"][1:]) or "body" for place in places]
    texts = [f"{field}: {place['msg']}" for field, place in zip(fields, places, strict=True)]
    return _details(status, "InvalidRequest", "; ".join(texts), fields[0])


def _details(status: int, name: str | None, text: str, field: str | None) -> dict[str, str | None]:
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    code = None if name is None else _CODES.get(name, _snake(name))
    if name == UnknownName.__name__ and text.startswith(_NO_MODEL):
        code, field = "model_not_found", "model"
    return {"message": text, "type": kind, "param": field, "code": code}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
