"""Texts drawn from templates: the same seed and the same wildcards always give the same text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate

from tintype.core.wildcards import Entry
from tintype.errors import InvalidRequest
from tintype.prompt.templates import (
    DEEPEST,
    Assignment,
    Option,
    Piece,
    Pieces,
    Variable,
    Variant,
    Wildcard,
    read_template,
)

_MOST_DRAWS = 5000  # in one text


@dataclass(frozen=True, slots=True)
class Wildcards:
    """What a template may ask for.

    Attributes:
        entries: of the wildcard of a name, or of all that fit a pattern; None if there is none.
        refuse: the error for a name that is not there; None to leave such a name as text.
    """

    entries: Callable[[str], Sequence[Entry] | None]
    refuse: Callable[[str], Exception] | None = None


class Dice:
    """Numbers that depend on a seed alone, on any machine and with any version of Python."""

    def __init__(self, seed: int, stream: str) -> None:
        """Begin.

        Args:
            seed: of the picture.
            stream: which of its texts is drawn; each has numbers of its own.
        """
        self._key, self._count = f"{seed}/{stream}", 0

    def share(self) -> float:
        """The next number, evenly from 0 to below 1."""
        digest = blake2b(f"{self._key}/{self._count}".encode(), digest_size=8).digest()
        self._count += 1
        return (int.from_bytes(digest, "big") >> 11) / 2**53

    def below(self, count: int) -> int:
        """The next whole number from 0 to below `count`; no number is used up for one choice."""
        return int(self.share() * count) if count > 1 else 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a text may be.

    Attributes:
        field: of the request it is drawn for, as refusals name it.
        most_chars: how long it may become.
    """

    field: str
    most_chars: int


def draw_text(
    template: str, dice: Dice, wildcards: Wildcards, bounds: Bounds, *, has_variants: bool = True
) -> str:
    """A text drawn from a template; one without wildcards and variants comes out as it is.

    Args:
        template: see `prompt.templates`.
        dice: what decides.
        wildcards: the entries there are.
        bounds: what the text may be.
        has_variants: heed braces in the template; in entries of wildcards they always are.

    Raises:
        InvalidRequest: it makes no sense, never ends, or becomes too long.
        Exception: what `wildcards.refuse` makes of an unknown name.
    """
    pieces = read_template(template, bounds.field, has_variants=has_variants)
    return _Drawing(dice, wildcards, bounds).text(pieces, 0)


_Choice = Option | Entry


class _Drawing:
    def __init__(self, dice: Dice, wildcards: Wildcards, bounds: Bounds) -> None:
        self._dice, self._wildcards, self._bounds = dice, wildcards, bounds
        self._draws = self._chars = 0
        self._variables: Mapping[str, Pieces] = {}

    def text(self, pieces: Pieces, depth: int) -> str:
        return "".join(self._piece(piece, depth) for piece in pieces)

    def _piece(self, piece: Piece, depth: int) -> str:
        if isinstance(piece, str):
            return self._said(piece)
        self._note_draw(depth)
        match piece:
            case Wildcard():
                return self._wildcard(piece, depth)
            case Variant():
                return self._variant(piece, depth)
            case Variable():
                return self._variable(piece, depth)
            case Assignment():
                value = (self.text(piece.value, depth + 1),) if piece.at_once else piece.value
                self._variables = {**self._variables, piece.name: value}
                return ""

    def _wildcard(self, wildcard: Wildcard, depth: int) -> str:
        entries = self._entries(wildcard)
        if entries is None:
            return self._said(wildcard.written)
        outside = self._variables
        self._variables = {**outside, **wildcard.given}
        text = self._choice(entries[self._place(entries)], depth + 1)
        if wildcard.given:
            self._variables = outside
        return text

    def _entries(self, wildcard: Wildcard) -> Sequence[Entry] | None:
        entries = self._wildcards.entries(wildcard.name)
        if entries is not None and not entries:
            self._refuse(f"{wildcard.written} has no entries to draw from")
        refuse = self._wildcards.refuse
        if entries is None and refuse is not None and not wildcard.may_be_text:
            raise refuse(wildcard.name)
        return entries

    def _variant(self, variant: Variant, depth: int) -> str:
        count = variant.low + self._dice.below(variant.high - variant.low + 1)
        chosen = self._several(self._choices(variant), count)
        self._count_chars(len(variant.separator) * max(count - 1, 0))
        return variant.separator.join(self._choice(one, depth + 1) for one in chosen)

    def _choices(self, variant: Variant) -> Sequence[_Choice]:
        """Several of one wildcard are several of its entries."""
        match variant:
            case Variant(options=(Option(pieces=(Wildcard() as only,)),), high=high) if high > 1:
                return self._entries(only) or variant.options
            case _:
                return variant.options

    def _several(self, choices: Sequence[_Choice], count: int) -> list[_Choice]:
        """None of them comes again before all others have come."""
        chosen: list[_Choice] = []
        left: list[_Choice] = []
        for _ in range(count):
            self._note_draw(0)
            left = left or list(choices)
            chosen.append(left.pop(self._place(left)))
        return chosen

    def _choice(self, choice: _Choice, depth: int) -> str:
        if isinstance(choice, Option):
            return self.text(choice.pieces, depth)
        return self.text(read_template(choice.text, self._bounds.field), depth)

    def _place(self, choices: Sequence[_Choice]) -> int:
        """Which one, by the weights; the first where all weigh nothing."""
        if len(choices) == 1:
            return 0
        sums = list(accumulate(choice.weight for choice in choices))
        mark = self._dice.share() * sums[-1]
        return next((place for place, reached in enumerate(sums) if mark < reached), 0)

    def _variable(self, variable: Variable, depth: int) -> str:
        value = self._variables.get(variable.name, variable.default)
        if value is None:
            written, example = f"${{{variable.name}}}", f"${{{variable.name}=red}}"
            self._refuse(f"{written} has no value here; give it one before, such as {example}")
            return ""
        return self.text(value, depth + 1)

    def _said(self, text: str) -> str:
        self._count_chars(len(text))
        return text

    def _count_chars(self, count: int) -> None:
        self._chars += count
        if self._chars > self._bounds.most_chars:
            most = self._bounds.most_chars
            self._refuse(f"what is drawn for it has more than the {most} characters allowed")

    def _note_draw(self, depth: int) -> None:
        self._draws += 1
        if depth > DEEPEST:
            self._refuse(f"wildcards and braces lead more than {DEEPEST} deep into one another")
        if self._draws > _MOST_DRAWS:
            self._refuse(f"it asks for more than {_MOST_DRAWS} draws")

    def _refuse(self, what: str) -> None:
        raise InvalidRequest(self._bounds.field, what)
