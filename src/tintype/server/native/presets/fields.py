"""What a preset may hold, and how it goes under the fields of a job."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from tintype.errors import InvalidRequest
from tintype.optionstore import Fields, Presets
from tintype.server.native.jobs.fields import JobBody, PaintingFields

_T = TypeVar("_T", bound=PaintingFields)


def checked_fields(fields: Mapping[str, object], place: tuple[str, ...] = ("body",)) -> Fields:
    """The fields of a preset as they are kept: those that were given, each of its type.

    Args:
        fields: some of those about the picture of a job, in our words.
        place: where they were found, for refusals.

    Raises:
        InvalidRequest: there is a picture among them.
        RequestValidationError: a field is not known, or of a wrong type.
    """
    if "init" in fields:
        what = "a picture to begin with belongs to a job; leave init out of a preset"
        raise InvalidRequest("init", what)
    return cast("Fields", _valid(PaintingFields, fields, place).model_dump(exclude_unset=True))


def with_preset(body: JobBody, presets: Presets) -> JobBody:
    """The body with the fields of its preset under its own; those of objects in it likewise.

    Raises:
        UnknownName: there is no such preset.
        RequestValidationError: the preset was edited by hand, and a field of it is wrong.
    """
    if body.preset is None:
        return body
    own = body.model_dump(exclude_unset=True, exclude={"preset"})
    place = ("presets", body.preset)
    return _valid(JobBody, _over(presets.find(body.preset), own), place)


def _valid(kind: type[_T], fields: Mapping[str, object], place: tuple[str, ...]) -> _T:
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        errors = [{**one, "loc": (*place, *one["loc"])} for one in error.errors()]
        raise RequestValidationError(errors) from error


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    for name, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(name), dict):
            merged[name] = _over(below[name], cast("dict[str, Any]", value))
    return merged
