"""Prompt templates: `__name__` and `{red|green}` as those of A1111's Dynamic Prompts know them.

A template is read into pieces first, and `prompt.drawing` draws a text from them. What is no
wildcard and no variant stays as it is, so braces without a choice in them are plain text.

| written | means |
|---|---|
| `__colour__`, `__animals/cats__` | an entry of that wildcard |
| `__colour*__`, `__animals/**__` | an entry of any whose name fits |
| `__scene(season=winter)__` | an entry in which `${season}` is `winter` |
| `{red\\|green}`, `{3::red\\|green}` | one of the options, red three times as often |
| `{2$$a\\|b\\|c}`, `{1-2$$ and $$a\\|b\\|c}` | several, joined by a comma, or by ` and ` |
| `${x=red}`, `${x=!{red\\|green}}` | from here on `${x}` is that; with `!` drawn once for all |
| `${x}`, `${x:blue}` | what `x` is, or else `blue` |
| `\\{`, `\\}`, `\\|` | the letter itself |
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tintype.core.wildcards import WEIGHT
from tintype.errors import InvalidRequest

DEEPEST = 40  # braces and wildcards in one another; a person's template has three or four

_NAME = r"[~@]?(?:[^\W_]|\*)(?:[^\W_]|[-*./ ']|_(?!_))*?"
_WILDCARD = re.compile(rf"__({_NAME})(?:\(([^()]*)\))?__")
_NETWORK = re.compile(r"<\w+:[^>]{1,500}>")
_HEAD = re.compile(
    r"\s*(?:(?P<count>\d{1,4})|(?P<low>\d{0,4})-(?P<high>\d{0,4}))\$\$"
    r"(?:(?P<separator>(?:(?!\$\$)[^|{}])*)\$\$)?"
)
_VARIABLE = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*(?:(?P<sign>=!|=|:)(?P<value>.*))?", re.DOTALL)
_COMMA = ", "


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A place where an entry of a wildcard goes.

    Attributes:
        name: of the wildcard; `*` stands for anything but `/`, `**` for anything.
        written: the whole of it, as it stands in the template.
        given: variables set for the entry alone.
        may_be_text: it stands in the tag of a network, whose name may look like a wildcard.
    """

    name: str
    written: str
    given: Mapping[str, "Pieces"] = field(default_factory=dict[str, "Pieces"])
    may_be_text: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One of several texts, and how often it is to be drawn, relative to the others."""

    pieces: "Pieces"
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Variant:
    """Options of which `low` to `high` are drawn, and what stands between them."""

    options: tuple[Option, ...]
    low: int = 1
    high: int = 1
    separator: str = _COMMA


@dataclass(frozen=True, slots=True)
class Assignment:
    """A variable's value from here on; `at_once` draws it here and never again."""

    name: str
    value: "Pieces"
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A place where a variable's value goes, or else the default."""

    name: str
    default: "Pieces | None" = None


Piece = str | Wildcard | Variant | Assignment | Variable
Pieces = tuple[Piece, ...]


def read_template(text: str, field: str, *, has_variants: bool = True) -> Pieces:
    """The pieces of a template.

    Args:
        text: what somebody wrote.
        field: of the request, for refusals.
        has_variants: braces and variables are heeded, not only wildcards.

    Raises:
        InvalidRequest: braces are nested too deeply, or a construct is not supported.
    """
    return tuple(_Reader(text, field, has_variants=has_variants).pieces(0, len(text)))


class _Reader:
    def __init__(self, text: str, field: str, *, has_variants: bool) -> None:
        self._text, self._field = text, field
        self._closing = _closing(text, field) if has_variants else {}
        self._tags = [match.span() for match in _NETWORK.finditer(text)]
        self._escapes = has_variants

    def pieces(self, start: int, end: int) -> Iterator[Piece]:
        plain, here = start, start
        while here < end:
            piece, after = self._piece(here, end)
            if piece is None:
                here = after
                continue
            yield from self._plain(plain, here)
            yield from [piece] if isinstance(piece, Piece) else piece
            plain = here = after
        yield from self._plain(plain, end)

    def _option(self, start: int, end: int) -> Option:
        weight = WEIGHT.match(self._text, start, end)
        if weight is None:
            return Option(tuple(self.pieces(start, end)))
        return Option(tuple(self.pieces(weight.end(), end)), float(weight[1]))

    def _piece(self, here: int, end: int) -> tuple[Piece | Pieces | None, int]:
        """What begins here and where it ends; None for a letter, or two, of plain text."""
        text = self._text
        if text[here] == "\\" and self._escapes:
            return None, here + 2
        if text.startswith("__", here) and (match := _WILDCARD.match(text, here, end)):
            return self._wildcard(match), match.end()
        if text.startswith("${", here) and (close := self._closing.get(here + 1)):
            return self._variable(here, close), close + 1
        if text[here] == "{" and (close := self._closing.get(here)):
            return self._variant(here, close), close + 1
        return None, here + 1

    def _plain(self, start: int, end: int) -> Iterator[str]:
        if start < end:
            text = self._text[start:end]
            yield re.sub(r"\\([{}|])", r"\1", text) if self._escapes else text

    def _wildcard(self, match: re.Match[str]) -> Wildcard:
        name = match[1].strip()
        if name.startswith("@"):
            raise InvalidRequest(self._field, f"{match[0]}: wildcards cannot be cycled through (@)")
        given = dict(self._given(match))
        is_in_tag = any(start < match.start() < end for start, end in self._tags)
        return Wildcard(name.removeprefix("~"), match[0], given, is_in_tag)

    def _given(self, match: re.Match[str]) -> Iterator[tuple[str, Pieces]]:
        start = match.start(2)
        for part in (match[2] or "").split(","):
            name, sign, _ = part.partition("=")
            if sign:
                value = tuple(self.pieces(start + len(name) + 1, start + len(part)))
                yield name.strip(), value
            start += len(part) + 1

    def _variable(self, here: int, close: int) -> Piece | Pieces:
        match = _VARIABLE.fullmatch(self._text, here + 2, close)
        if match is None:
            return ("${", *self.pieces(here + 2, close), "}")
        if match["sign"] is None:
            return Variable(match["name"])
        value = tuple(self.pieces(*match.span("value")))
        if match["sign"] == ":":
            return Variable(match["name"], value)
        return Assignment(match["name"], value, at_once=match["sign"] == "=!")

    def _variant(self, here: int, close: int) -> Piece | Pieces:
        start = here + 1
        if self._text.startswith("@", start):
            raise InvalidRequest(self._field, "{@…}: options cannot be cycled through")
        start += self._text.startswith("~", start)
        head = _HEAD.match(self._text, start, close)
        bars = self._bars(start if head is None else head.end(), close)
        if head is None and not bars:
            return ("{", *self.pieces(here + 1, close), "}")
        starts = [start if head is None else head.end(), *(bar + 1 for bar in bars)]
        options = tuple(
            self._option(start, end) for start, end in zip(starts, [*bars, close], strict=True)
        )
        return Variant(options) if head is None else _counted(options, head)

    def _bars(self, start: int, end: int) -> list[int]:
        """Where options end; those in inner braces, brackets and wildcards are not ours."""
        bars: list[int] = []
        here = start
        while here < end:
            match self._text[here]:
                case "\\":
                    here += 1
                case "{" | "[":
                    here = self._closing.get(here, here)
                case "|":
                    bars.append(here)
                case _:
                    pass
            here += 1
        return bars


def _counted(options: tuple[Option, ...], head: re.Match[str]) -> Variant:
    if head["count"] is not None:
        low = high = int(head["count"])
    else:
        low = int(head["low"] or 1)
        high = int(head["high"] or max(low, len(options)))
    separator = _COMMA if head["separator"] is None else head["separator"]
    return Variant(options, min(low, high), max(low, high), separator)


def _closing(text: str, field: str) -> dict[int, int]:
    """For each brace and bracket that is closed: where."""
    found: dict[int, int] = {}
    opened: list[int] = []
    here = 0
    while here < len(text):
        letter = text[here]
        if letter in "{[":
            opened.append(here)
        elif letter in "}]":
            _close(text, opened, here, found)
        here += 2 if letter == "\\" else 1
    _check_depth(found, field)
    return found


def _close(text: str, opened: list[int], here: int, found: dict[int, int]) -> None:
    """Close the innermost of its kind; a bracket does not reach out of its braces."""
    if text[here] == "]" and (not opened or text[opened[-1]] == "{"):
        return
    while opened:
        start = opened.pop()
        if text[start] + text[here] in ("{}", "[]"):
            found[start] = here
            return


def _check_depth(closing: Mapping[int, int], field: str) -> None:
    ends: list[int] = []
    for start in sorted(closing):
        while ends and ends[-1] < start:
            ends.pop()
        ends.append(closing[start])
        if len(ends) > DEEPEST:
            raise InvalidRequest(field, f"more than {DEEPEST} braces or brackets in one another")
