"""Bodies of both kinds that OpenAI's clients send: JSON, and forms with files in them."""

import json
import re
from base64 import b64encode
from typing import Any, TypeVar, cast

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from tintype.errors import InvalidRequest, shown

Body = TypeVar("Body", bound=BaseModel)

_MOST_PARTS = 200
_MOST_PART_BYTES = 32 * 1024 * 1024  # a picture may come as base64 in a part that is no file
_NAME = re.compile(r"(\w+)(?:\[(\w*)\])?")
_OBJECTS = frozenset({"override_settings", "alwayson_scripts", "comments", "styles"})


async def read_body(request: Request, kind: type[Body]) -> Body:
    """The body of a call; files of a form are base64 in it.

    Raises:
        InvalidRequest: it is neither JSON nor a form, or torn.
        RequestValidationError: a field is missing or of a wrong type.
    """
    said = await _fields(request)
    try:
        return kind.model_validate(said)
    except ValidationError as error:
        raise unreadable(error) from error


def unreadable(error: ValidationError) -> RequestValidationError:
    """The same error as one of the whole body."""
    return RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()])


async def _fields(request: Request) -> object:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _of_form(request)
    if kind == "application/json":
        return _of_json(await request.body())
    raise InvalidRequest(
        "Content-Type", f"expected application/json or multipart/form-data, got {shown(kind)}"
    )


def _of_json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # also what is no UTF-8, or has 5000 digits
        raise InvalidRequest("body", f"expected JSON: {shown(str(error))}") from error


async def _of_form(request: Request) -> dict[str, Any]:
    try:
        async with request.form(
            max_files=_MOST_PARTS, max_fields=_MOST_PARTS, max_part_size=_MOST_PART_BYTES
        ) as form:
            fields: dict[str, Any] = {}
            for name, value in form.multi_items():
                _put(fields, name, await _text_in(value))
            return fields
    except HTTPException as error:
        if error.status_code != 400:  # our own, of bodies too large or too slow
            raise
        raise InvalidRequest("body", f"expected a form: {shown(error.detail)}") from error


async def _text_in(value: UploadFile | str) -> str:
    if isinstance(value, str):
        return value
    return b64encode(await value.read()).decode("ascii")


def _put(fields: dict[str, Any], name: str, value: str) -> None:
    """`a`, `a[]` and `a[0]` once or several times, `a[b]`, and objects as JSON."""
    named = _NAME.fullmatch(name)
    base, key = (named[1], named[2]) if named else (name, None)
    before = fields.get(base)
    if key and not key.isdecimal():
        if not isinstance(before, dict | None):
            raise InvalidRequest(base[:100], "said in two ways at once")
        fields[base] = {**(before or {}), key: value}
        return
    is_object = base in _OBJECTS and value.startswith(("[", "{"))
    said: Any = _of_json(value.encode()) if is_object else value
    if key is None and before is None:
        fields[base] = said
    else:
        several = cast("list[Any]", before) if isinstance(before, list) else [before]
        fields[base] = [said] if before is None else [*several, said]
