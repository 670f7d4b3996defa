"""Passes whose rows have the same bits whatever company they are in.

A kernel may round a row differently when there are more rows beside it, for libraries choose other
kernels for other sizes. Here a row's answer is by definition what a pass of the least rows gives.
A larger pass is run once both ways when its size first comes up: where all bits agree, that size is
used from then on, and costs nothing; where they do not, its rows go in sizes that do agree. Beside
whom a row stands, or at which place, was never seen to matter (`tests/parity/test_exactness.py`).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

Row = TypeVar("Row")


class ExactRows:
    """Knows which sizes of a pass agree."""

    def __init__(self) -> None:
        self._agrees: defaultdict[Hashable, dict[int, bool]] = defaultdict(dict[int, bool])

    @property
    def refused(self) -> int:
        """How many sizes were found that round in another way."""
        return sum(not agrees for sizes in self._agrees.values() for agrees in sizes.values())

    def run(
        self,
        kind: Hashable,
        least: int,
        rows: Sequence[Row],
        one_pass: Callable[[Sequence[Row]], Tensor],
    ) -> Tensor:
        """Answer rows in one pass, or in several.

        Args:
            kind: passes with equal kinds use the same kernels for as many rows.
            least: rows of the pass that defines the bits; fewer are filled up by repetition.
            rows: at least one.
            one_pass: answers rows, each with (…) of one shape: (B, …).
        """
        sizes = self._agrees[kind]
        parts: list[Tensor] = []
        while rows:
            size = _size(len(rows), least, sizes)
            here, rows = rows[:size], rows[size:]
            if size <= least:
                parts.append(_filled_up(here, least, one_pass))
            elif size in sizes:
                parts.append(one_pass(here))
            else:
                parts.append(self._proven(sizes, least, here, one_pass))
        return torch.cat(parts)

    def _proven(
        self,
        sizes: dict[int, bool],
        least: int,
        rows: Sequence[Row],
        one_pass: Callable[[Sequence[Row]], Tensor],
    ) -> Tensor:
        """Run rows both ways, and remember whether they agreed."""
        pieces = [rows[start : start + least] for start in range(0, len(rows), least)]
        answers = torch.cat([_filled_up(piece, least, one_pass) for piece in pieces])
        sizes[len(rows)] = torch.equal(answers, one_pass(rows))
        return answers


def _size(left: int, least: int, sizes: dict[int, bool]) -> int:
    """Rows of the next pass: all that are left, unless that size is known to disagree."""
    if sizes.get(left, True):
        return left
    return max((size for size, agrees in sizes.items() if agrees and size < left), default=least)


def _filled_up(
    rows: Sequence[Row], least: int, one_pass: Callable[[Sequence[Row]], Tensor]
) -> Tensor:
    missing = least - len(rows)
    return one_pass([*rows, *[rows[-1]] * missing])[: len(rows)]
