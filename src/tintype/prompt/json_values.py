"""Values out of JSON that nobody vouches for: of the kind expected, or missing."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Object: TypeAlias = Mapping[str, Json]


def text_in(values: Object, *keys: str) -> str | None:
    """The first of these values that is text."""
    return next((value for key in keys if isinstance(value := values.get(key), str)), None)


def number_in(values: Object, *keys: str) -> int | float | None:
    """The first of these values that is a finite number of at most a double's range."""
    return next((found for key in keys if (found := _number(values.get(key))) is not None), None)


def object_in(values: Object, *keys: str) -> Object:
    """The first of these values that is an object; an empty one if none is."""
    found = (values.get(key) for key in keys)
    return next((value for value in found if isinstance(value, dict)), dict[str, Json]())


def objects_in(values: Object, key: str) -> Sequence[Object]:
    """Those objects that the list under a key holds."""
    value = values.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def size_in(values: Object) -> str | None:
    """Width and height as infotext writes them, if both are there."""
    width, height = number_in(values, "width"), number_in(values, "height")
    return None if width is None or height is None else f"{int(width)}x{int(height)}"


def _number(value: Json) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < 1e300 and isfinite(value) else None
