"""The kinds of options: what each may be, and how what somebody sent is read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import cast

from tintype.core.samplers import find_schedule
from tintype.core.upscalers import SMALLEST_TILE
from tintype.errors import InvalidRequest, UnknownName, shown
from tintype.imagestore import check_folder

_MOST_CHARS = 64 * 1024  # of any one option, as JSON
_MOST_PATTERN_CHARS = 1000
_LARGEST_TILE = 2048
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        default: its value at first.
        read: the value somebody sent, in its proper type; raises `ValueError` with what was
            expected.
    """

    default: object
    read: Callable[[object], object]


def read_option(name: str, option: Option, value: object) -> object:
    """A value somebody sent for an option; null means the default. Raises `InvalidRequest`."""
    if value is None:
        return option.default
    try:
        return plain(option.read(value))
    except ValueError as expected:
        raise InvalidRequest(name, f"{shown(value)} is not {expected}") from expected


def plain(value: object) -> object:
    """The value, if every answer can repeat it. Raises `ValueError` with what was expected.

    JSON can spell halves of surrogate pairs, which UTF-8 cannot carry, and Python reads NaN.
    """
    try:
        length = len(json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError) as error:
        raise ValueError("text, a number, true, false or a list of such") from error
    if length > _MOST_CHARS:
        raise ValueError(f"short enough; an option has up to {_MOST_CHARS} bytes")
    return value


def flag(*, default: bool = False) -> Option:
    """True or false, also as 1, 0 or a word."""

    def read(value: object) -> bool:
        if isinstance(value, bool) or (isinstance(value, int | float) and value in (0, 1)):
            return bool(value)
        if isinstance(value, str) and value.casefold() in _WORDS:
            return _WORDS[value.casefold()]
        raise ValueError("true or false")

    return Option(default, read)


def number(default: float, low: float = 0.0, high: float = 10_000.0) -> Option:
    """A number, also as text, within bounds that are inclusive."""

    def read(value: object) -> float:
        try:
            read = float(value) if isinstance(value, int | float | str) else float("nan")
        except (ValueError, OverflowError):
            read = float("nan")
        if not (isfinite(read) and low <= read <= high):
            raise ValueError(f"a number from {low:g} to {high:g}")
        return read

    return Option(default, read)


def whole(default: int, low: int, high: int) -> Option:
    """A whole number, also as text; fractions are cut off as A1111 does."""

    def read(value: object) -> int:
        try:
            read = int(value) if isinstance(value, int | float | str) else low - 1
        except (ValueError, OverflowError):
            read = low - 1
        if not low <= read <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return read

    return Option(default, read)


def tile(default: int) -> Option:
    """The side of the tiles an upscaler sees, in pixels; 0 for the whole picture."""
    side = whole(default, SMALLEST_TILE, _LARGEST_TILE)

    def read(value: object) -> object:
        if not isinstance(value, bool) and value in (0, "0"):
            return 0
        try:
            return side.read(value)
        except ValueError as expected:
            raise ValueError(f"0 or {expected}") from expected

    return Option(default, read)


def one_of(*choices: str) -> Option:
    """One of the choices in any case; the first one is the default."""

    def read(value: object) -> str:
        for choice in choices:
            if isinstance(value, str) and value.casefold() == choice.casefold():
                return choice
        raise ValueError("one of " + ", ".join(repr(choice) for choice in choices))

    return Option(choices[0], read)


def text(default: str | None = "") -> Option:
    """Any text."""

    def read(value: object) -> str:
        if isinstance(value, str):
            return value
        raise ValueError("text")

    return Option(default, read)


def pattern(default: str = "") -> Option:
    """A pattern of names, see `imagestore.filled`; it says for itself what it does not know."""

    def read(value: object) -> str:
        if isinstance(value, str) and len(value) <= _MOST_PATTERN_CHARS and "\0" not in value:
            return value
        raise ValueError(f"text of up to {_MOST_PATTERN_CHARS} characters")

    return Option(default, read)


def folder(default: str) -> Option:
    """A folder below `outputs/` of the data folder."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("text")
        check_folder(value)
        return value

    return Option(default, read)


def colour(default: str) -> Option:
    """A colour as in CSS."""

    def read(value: object) -> str:
        from PIL import ImageColor  # not needed to answer the door

        try:
            ImageColor.getrgb(value if isinstance(value, str) else "")
        except ValueError as error:
            raise ValueError("a colour such as #ffffff or white") from error
        return str(value)

    return Option(default, read)


def upscaler() -> Option:
    """One that enlarges pixels, by name; empty for none in particular."""

    def read(value: object) -> str | None:
        if isinstance(value, str):
            return value.strip() or None
        raise ValueError("the name of an upscaler")

    return Option(None, read)


def schedule() -> Option:
    """A schedule by its label or name."""

    def read(value: object) -> str:
        try:
            return find_schedule(str(value)).label
        except UnknownName as error:
            raise ValueError("one of " + ", ".join(error.choices)) from error

    return Option("Automatic", read)


def names() -> Option:
    """A list of names."""

    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError("a list of names")
        return tuple(str(name) for name in cast("list[object]", value))

    return Option((), read)


def fixed(shown_value: object, *also: object) -> Option:
    """An option that says how things are here; sending back what is true is fine."""
    accepted = (shown_value, *also)

    def read(value: object) -> object:
        if value in accepted:
            return shown_value
        raise ValueError(f"supported yet; it is {shown_value!r} here")

    return Option(shown_value, read)


def told(value: object) -> Option:
    """An option nobody can change; whatever is sent for it is passed over, as A1111 does."""
    return Option(value, lambda _: value)


def idle(default: object) -> Option:
    """An option of A1111's page, training, speed or memory: kept, shown, without effect here.

    It is of the type of its default; a default of null has any.
    """
    match default:
        case bool():
            return flag(default=default)
        case int() | float():
            return Option(default, _any_number)
        case str():
            return Option(default, _any_text)
        case list():
            return Option(cast("object", default), _any_list)
        case _:
            return Option(default, lambda value: value)


def _any_number(value: object) -> int | float:
    try:
        if isinstance(value, str):
            return float(value)
        if isinstance(value, int | float):
            return int(value) if isinstance(value, bool) else value
    except ValueError:
        pass
    raise ValueError("a number")


def _any_text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    raise ValueError("text")


def _any_list(value: object) -> object:
    if isinstance(value, list | tuple):
        return cast("object", value)
    raise ValueError("a list")
