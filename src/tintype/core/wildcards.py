"""Entries of wildcards: the texts that may stand in for `__name__`."""

import re
from dataclasses import dataclass
from typing import Literal

WildcardMode = Literal["off", "known", "on"]
"""Whether prompts are templates: not at all; only where they name a wildcard that is there; or
with everything the language has, and names that are not there are refused."""

WEIGHT = re.compile(r"\s*(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})\s*::")


@dataclass(frozen=True, slots=True)
class Entry:
    """A text that may be drawn, itself a template.

    Attributes:
        text: as it is written, without its weight.
        weight: how often it is to be drawn, relative to the others.
    """

    text: str
    weight: float = 1.0


def read_entry(text: str) -> Entry:
    """An entry with its weight, `3::red`; the weight is 1 where none is given."""
    weight = WEIGHT.match(text)
    return Entry(text) if weight is None else Entry(text[weight.end() :], float(weight[1]))
