"""Field types as forgiving as those A1111's clients grew up with.

A1111 reads its bodies with pydantic 1: "20" and 20.7 are the integer 20, "true" is a boolean, a
number is a string where one is wanted. What it refuses, and in which words, is the same here.
"""

import json
from math import isfinite, nan
from typing import Annotated, Any, Literal, LiteralString, cast

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "off", "f", "false", "n", "no"})
_BEYOND_ANY_USE = 10**40  # of an integer, so that messages and sums of such stay short


def _integer(value: object) -> int:
    if isinstance(value, int | float | str):
        try:
            number = int(value)
        except (ValueError, OverflowError):
            number = _BEYOND_ANY_USE
        if abs(number) < _BEYOND_ANY_USE:
            return number
    raise refusal("integer", "value is not a valid integer")


def _number(value: object) -> float:
    if isinstance(value, int | float | str):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = nan
        if isfinite(number):
            return number
    raise refusal("float", "value is not a valid float")


def _boolean(value: object) -> bool:
    word = str(value).lower() if isinstance(value, bool | int | str) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise refusal("bool", "value could not be parsed to a boolean")


def _text(value: object) -> str:
    if isinstance(value, str | int | float):
        return str(value)
    raise refusal("str", "str type expected")


def _list(value: Any) -> Any:
    if not isinstance(value, list):
        raise refusal("list", "value is not a valid list")
    return _plain(cast("Any", value))


def _mapping(value: Any) -> Any:
    if not isinstance(value, dict):
        raise refusal("dict", "value is not a valid dict")
    return _plain(cast("Any", value))


def _plain(value: Any) -> Any:
    """Refuse NaN and infinities, which Python reads but no answer may repeat: they are no JSON."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise refusal("float", "value has a number in it that is not finite") from error
    return value


def refusal(
    kind: Literal["integer", "float", "bool", "str", "list", "dict"], message: LiteralString
) -> PydanticCustomError:
    """What pydantic tells the client when a value is of the wrong kind."""
    return PydanticCustomError(f"type_error.{kind}", message)


Integer = Annotated[int, BeforeValidator(_integer)]
Number = Annotated[float, BeforeValidator(_number)]
Boolean = Annotated[bool, BeforeValidator(_boolean)]
Text = Annotated[str, BeforeValidator(_text)]
TextList = Annotated[list[Text], BeforeValidator(_list)]
AnyList = Annotated[list[Any], BeforeValidator(_list)]
Mapping = Annotated[dict[str, Any], BeforeValidator(_mapping)]
