"""Prompts made of several, each with a weight in guidance: `a cat AND a dog :0.5`."""

import re

_AND = re.compile(r"\bAND\b")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?|\d*\.\d+)")


def composed(text: str) -> list[tuple[str, float]]:
    """The parts between the words `AND` and their weights, 1.0 where none is written.

    As in A1111 a weight is read also where there is only one part, so "ratio 16:9" is "ratio 16"
    with weight 9. Blanks before the weight and at a part's end are dropped.
    """
    return [_part(part.rstrip()) for part in _AND.split(text)]


def _part(text: str) -> tuple[str, float]:
    head, _, tail = text.rpartition(":")
    tail = tail.lstrip()
    if len(tail) < len(text) and _NUMBER.fullmatch(tail):
        return head.rstrip(), float(tail)
    return text, 1.0
