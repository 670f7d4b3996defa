"""The one table from class of error to HTTP status, and the one shape of each answer.

Shapes are A1111's: four keys for what the application says, `detail` with a list of places for a
body that cannot be read, `detail` alone for a path or method there is none of.
"""

from collections.abc import Mapping
from json import JSONDecodeError
from math import ceil
from typing import Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from tintype.errors import (
    BusyError,
    Cancelled,
    EngineError,
    FetchError,
    InvalidRequest,
    ModelError,
    NotNow,
    QueueFull,
    RequestError,
    SetupError,
    TintypeError,
    UnknownJob,
    UnknownName,
    UnknownPicture,
    WorkerUnavailable,
)

JOB_HEADER = "X-Tintype-Job"
FIELD_IN_STATE = "field"
"""In a request's state: which field was wrong, for who tells of errors in other words."""

STATUS: dict[type[TintypeError], int] = {
    InvalidRequest: 422,
    UnknownName: 404,
    UnknownJob: 404,
    UnknownPicture: 404,
    NotNow: 409,
    RequestError: 400,
    QueueFull: 429,
    WorkerUnavailable: 503,
    BusyError: 503,
    ModelError: 400,
    FetchError: 502,
    SetupError: 500,
    EngineError: 500,
    Cancelled: 409,
    TintypeError: 500,
}

_WORDING = {  # pydantic's kind of error → pydantic 1's type and text, as A1111 answers
    "missing": ("value_error.missing", "field required"),
    "model_attributes_type": ("type_error.dict", "value is not a valid dict"),
    "model_type": ("type_error.dict", "value is not a valid dict"),
    "dict_type": ("type_error.dict", "value is not a valid dict"),
    "bool_parsing": ("type_error.bool", "value could not be parsed to a boolean"),
}


class Failure(BaseModel):
    """What a call answers that could not be done."""

    error: str
    detail: str
    body: str
    errors: str


class Place(BaseModel):
    """What is wrong at one place of a request."""

    loc: list[str | int]
    msg: str
    type: str
    ctx: dict[str, Any] = {}


class Unreadable(BaseModel):
    """What a call answers whose body or parameters are of wrong types, or no JSON."""

    detail: list[Place]


DESCRIBED: dict[int | str, dict[str, Any]] = {
    422: {"model": Unreadable | Failure, "description": "A value is wrong"},
    "4XX": {"model": Failure, "description": "The caller can mend it"},
    "5XX": {"model": Failure, "description": "We failed, or cannot just now"},
}
"""Errors in the OpenAPI description of every call."""


class BodyTooLarge(HTTPException):
    """The body has more bytes than the server reads."""

    def __init__(self, detail: str) -> None:
        super().__init__(413, detail)


class BodyTooSlow(HTTPException):
    """The body has not come in the time it may take."""

    def __init__(self, detail: str) -> None:
        super().__init__(408, detail, {"Connection": "close"})


class CallerLeft(HTTPException):
    """Nobody is there to read the answer; the number is nginx's."""

    def __init__(self) -> None:
        super().__init__(499)


def error_body(name: str, text: str) -> dict[str, str]:
    """The JSON A1111's clients expect of a failed call."""
    return {"error": name, "detail": text, "body": "", "errors": text}


def status_of(error: TintypeError) -> int:
    """The HTTP status of an error: its class's, or else its nearest ancestor's."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def register_errors(app: FastAPI) -> None:
    """Have an application answer errors as this room says."""
    app.add_exception_handler(TintypeError, _answer_ours)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(BodyTooLarge, _answer_body)
    app.add_exception_handler(BodyTooSlow, _answer_body)
    app.add_exception_handler(CallerLeft, _answer_nobody)
    app.add_exception_handler(400, _answer_unreadable)  # FastAPI's own, for nothing else


def _answer_ours(request: Request, error: Exception) -> JSONResponse:
    ours = cast("TintypeError", error)
    request.state.error = type(ours).__name__
    if isinstance(ours, InvalidRequest):
        setattr(request.state, FIELD_IN_STATE, ours.field)
    headers = dict[str, str]()
    if isinstance(ours, BusyError):
        headers["Retry-After"] = str(max(ceil(ours.retry_after_seconds), 1))
    if job_id := getattr(request.state, "job_id", None):
        headers[JOB_HEADER] = job_id
    return JSONResponse(error_body(type(ours).__name__, str(ours)), status_of(ours), headers)


def _answer_body(_: Request, error: Exception) -> JSONResponse:
    refused = cast("HTTPException", error)
    body = error_body(type(refused).__name__, refused.detail)
    return JSONResponse(body, refused.status_code, refused.headers)


def _answer_nobody(_: Request, error: Exception) -> Response:
    return Response(status_code=cast("CallerLeft", error).status_code)


def _answer_validation(_: Request, error: Exception) -> JSONResponse:
    invalid = cast("RequestValidationError", error)
    places = [_place(place, invalid.body) for place in invalid.errors()]
    return JSONResponse({"detail": places}, 422)


def _answer_unreadable(_: Request, error: Exception) -> JSONResponse:
    """For a body that Python's JSON reader does not even get to the syntax of."""
    match error.__cause__:
        case UnicodeDecodeError() as cause:
            text = f"expected JSON in UTF-8; the bytes at position {cause.start} are not"
        case RecursionError():
            text = "expected JSON; this is nested too deeply"
        case ValueError():
            text = "expected JSON; a number in it has too many digits"
        case _:
            text = "expected JSON; the body could not be read"
    place = {"loc": ["body"], "msg": text, "type": "value_error.jsondecode"}
    return JSONResponse({"detail": [place]}, 422)


def _place(place: Mapping[str, Any], body: object) -> dict[str, Any]:
    if place["type"] == "json_invalid":
        return _torn_json(place, body)
    if isinstance(body, bytes):
        text = "expected JSON, with the header Content-Type: application/json"
        return {"loc": ["body"], "msg": text, "type": "type_error.dict"}
    kind, text = _WORDING.get(place["type"], (place["type"], place["msg"]))
    return {"loc": list(place["loc"]), "msg": text, "type": kind}


def _torn_json(place: Mapping[str, Any], body: object) -> dict[str, Any]:
    offset = cast("int", place["loc"][-1])
    error = JSONDecodeError(place["ctx"]["error"], body if isinstance(body, str) else "", offset)
    return {
        "loc": ["body", offset],
        "msg": str(error),
        "type": "value_error.jsondecode",
        "ctx": {
            "msg": error.msg,
            "doc": error.doc[:1000],
            "pos": error.pos,
            "lineno": error.lineno,
            "colno": error.colno,
        },
    }
