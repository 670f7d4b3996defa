"""Weights in a prompt: `(word)`, `[word]`, `(word:1.3)`, and the mark `BREAK`."""

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby, zip_longest
from math import isinf

from tintype.core.orders import Emphasis
from tintype.errors import InvalidRequest, shown

BREAK = ("BREAK", -1.0)

_STRONGER, _WEAKER = 1.1, 1 / 1.1
_TOKEN = re.compile(
    r"""
      \\ (?P<escaped> [\\()\[\]] )
    | (?P<dropped> \\ )
    | (?P<opener> [(\[] )
    | : \s*+ (?P<weight> [+\-.\d]++ ) \s*+ \)
    | (?P<closer> [)\]] )
    | [^\\()\[\]:]++
    | :
    """,
    re.VERBOSE,
)
_BREAK_WORD = re.compile(r"\bBREAK\b")
_OPENERS = {")": "(", "]": "["}
_BLOCK = 128


def weighted(text: str, emphasis: Emphasis = "Original") -> list[tuple[str, float]]:
    """The pieces of a text and their weights; neighbours of one weight are one piece.

    `BREAK` between two pieces is a piece by itself with weight -1.0. Brackets without a partner
    are text when they close, and count up to the end when they open. With emphasis "None"
    everything is text.

    Raises:
        InvalidRequest: a weight like "1.2.3".
    """
    if emphasis == "None":
        return [(text, 1.0)]
    reader = _Reader()
    for token in _TOKEN.finditer(text):
        reader.read(token)
    return _merged(reader.finished()) or [("", 1.0)]


def written(segments: Sequence[tuple[str, float]]) -> str:
    r"""A text that `weighted` reads as these segments, weights explicit.

    Takes what `weighted` gives, weights that are not a number excepted. Empty pieces, which stand
    for no token, may be lost. A word BREAK that is meant literally is written `BRE\AK`, since a
    lone backslash counts for nothing.
    """
    before: list[tuple[str, float] | None] = [None, *segments]
    around = zip_longest(before, segments, segments[1:])
    return "".join(
        _written(segment, before, after) for before, segment, after in around if segment is not None
    )


class _Pieces:
    """Pieces with weights, where a group multiplies all from its start on.

    Nested groups would cost the square of their number. So a block of 128 pieces that lies wholly
    within a group is multiplied by one factor of its own, at the end; that can move a weight by
    one unit in the last place, and only in prompts of more than 128 pieces.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._weights: list[float] = []
        self._blocks: list[float] = []

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str, weight: float) -> None:
        self._texts.append(text)
        self._weights.append(weight)
        if len(self) % _BLOCK == 0:
            self._blocks.append(1.0)

    def multiply(self, start: int, factor: float) -> None:
        first, last = -(-start // _BLOCK), len(self._blocks)
        if first < last:
            _scale(self._blocks, first, last, factor)
            _scale(self._weights, start, first * _BLOCK, factor)
            start = last * _BLOCK
        _scale(self._weights, start, len(self), factor)

    def __iter__(self) -> Iterator[tuple[str, float]]:
        blocks = [*self._blocks, 1.0]
        for k, (text, weight) in enumerate(zip(self._texts, self._weights, strict=True)):
            yield text, weight * blocks[k // _BLOCK]


class _Reader:
    """Collects the pieces of a text; each kind of bracket is matched by itself."""

    def __init__(self) -> None:
        self._pieces = _Pieces()
        self._starts: dict[str, list[int]] = {"(": [], "[": []}

    def read(self, token: re.Match[str]) -> None:
        weight, closer, opener = token["weight"], token["closer"], token["opener"]
        if token["escaped"]:
            self._pieces.add(token["escaped"], 1.0)
        elif opener:
            self._starts[opener].append(len(self._pieces))
        elif weight and self._starts["("]:
            self._pieces.multiply(self._starts["("].pop(), _number(weight))
        elif closer and self._starts[_OPENERS[closer]]:
            self._close(_OPENERS[closer])
        elif not token["dropped"]:
            self._add_text(token[0])

    def finished(self) -> _Pieces:
        """All pieces, once the groups still open have been closed."""
        for opener, starts in self._starts.items():
            while starts:
                self._close(opener)
        return self._pieces

    def _close(self, opener: str) -> None:
        factor = _STRONGER if opener == "(" else _WEAKER
        self._pieces.multiply(self._starts[opener].pop(), factor)

    def _add_text(self, text: str) -> None:
        first, *rest = _BREAK_WORD.split(text)
        if not rest:
            self._pieces.add(first, 1.0)
            return
        *middle, last = rest
        for piece in (first.rstrip(), *(piece.strip() for piece in middle)):
            self._pieces.add(piece, 1.0)
            self._pieces.add(*BREAK)
        self._pieces.add(last.lstrip(), 1.0)


def _scale(weights: list[float], start: int, stop: int, factor: float) -> None:
    weights[start:stop] = [weight * factor for weight in weights[start:stop]]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        message = f"the weight {shown(text)} is not a number; write weights like (word:1.2)"
        raise InvalidRequest("prompt", message) from None


def _merged(pieces: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    runs = groupby(pieces, key=lambda piece: piece[1])
    return [("".join(text for text, _ in run), weight) for weight, run in runs]


def _written(
    segment: tuple[str, float], before: tuple[str, float] | None, after: tuple[str, float] | None
) -> str:
    text, weight = segment
    if segment == BREAK and _joins(before, -1) and _joins(after, 0):
        return " BREAK "
    if not text:
        return ""
    escaped = re.sub(r"[\\()\[\]]", r"\\\g<0>", text).replace("BREAK", r"BRE\AK")
    return escaped if weight == 1.0 else f"({escaped}:{_written_weight(weight)})"


def _joins(neighbour: tuple[str, float] | None, edge: int) -> bool:
    """Whether the neighbour is plain text that keeps its end beside a BREAK."""
    if neighbour is None or neighbour[1] != 1.0:
        return False
    return not neighbour[0] or not neighbour[0][edge].isspace()


def _written_weight(weight: float) -> str:
    if isinf(weight):
        return ("-" if weight < 0 else "") + "9" * 400
    return format(Decimal(repr(weight)), "f")
