"""The values along an axis of an X/Y/Z plot, as A1111's users write them.

Whole numbers and fractions may be ranges: `1-5`, `1-9(+2)`, `10-4(-3)`, and `1-10[4]` for so many
values evenly between both ends.
"""

import csv
import re
from collections.abc import Iterator
from io import StringIO
from typing import TypeVar

from tintype.errors import InvalidRequest, shown

_N = TypeVar("_N", int, float)

MOST_VALUES = 1000
"""Along one axis; a range is written faster than it is painted."""

_SIGNED = r"[+-]?\s*\d+(?:\.\d*)?"
_STEPPED = re.compile(rf"\s*({_SIGNED})\s*-\s*({_SIGNED})\s*(?:\(\s*({_SIGNED})\s*\))?\s*")
_COUNTED = re.compile(rf"\s*({_SIGNED})\s*-\s*({_SIGNED})\s*\[\s*(\d+)\s*\]\s*")
_DUST = 1e-9  # what adding fractions is wrong by


def texts_in(text: str) -> list[str]:
    """The values between commas; quotation marks keep a comma in one."""
    rows = csv.reader(StringIO(text.strip()), skipinitialspace=True)
    return [item.strip() for row in rows for item in row]


def wholes_in(text: str, label: str) -> list[int]:
    """Whole numbers and ranges of them; the values of a counted range are cut to whole ones.

    Raises:
        InvalidRequest: a value is neither.
    """
    return _bounded(int(n) for item in texts_in(text) for n in _numbers(item, label, int))


def numbers_in(text: str, label: str) -> list[float]:
    """Numbers and ranges of them. Raises as `wholes_in`."""
    return _bounded(n for item in texts_in(text) for n in _numbers(item, label, float))


def _numbers(item: str, label: str, kind: type[int] | type[float]) -> Iterator[float]:
    if match := _COUNTED.fullmatch(item):
        yield from _spread(_number(match[1]), _number(match[2]), int(match[3]))
    elif match := _STEPPED.fullmatch(item):
        yield from _stepped(_number(match[1]), _number(match[2]), _number(match[3] or "1"))
    else:
        try:
            yield kind(item)
        except ValueError as error:
            what = "a whole number" if kind is int else "a number"
            ranges = "a range such as 1-5, 1-9(+2) or 1-10[4]"
            raise InvalidRequest(
                "script_args", f"{label}: {shown(item)} is neither {what} nor {ranges}"
            ) from error


def _number(text: str) -> float:
    return float(text.replace(" ", ""))


def _stepped(first: float, last: float, step: float) -> Iterator[float]:
    """From first to last, both included; a step of the wrong sign never arrives."""
    count = 0 if step == 0 else int((last - first) / step + _DUST) + 1
    for index in range(min(count, MOST_VALUES + 1)):
        yield first + index * step


def _spread(first: float, last: float, count: int) -> Iterator[float]:
    for index in range(min(count, MOST_VALUES + 1)):
        yield first + (last - first) * index / (count - 1) if count > 1 else first


def _bounded(numbers: Iterator[_N]) -> list[_N]:
    found: list[_N] = []
    for number in numbers:
        found.append(number)
        if len(found) > MOST_VALUES:
            raise InvalidRequest("script_args", f"an axis may have up to {MOST_VALUES} values")
    return found
