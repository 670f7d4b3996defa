"""Passes whose rows have the same bits whatever company they are in.

A kernel may round a row differently when there are more rows beside it, for libraries choose other
kernels for other sizes. Here a row's answer is by definition what a pass of the least rows gives.
Another size is run once beside sizes that are known to agree, when it first comes up: where all
bits agree, it is used from then on, and costs nothing; where they do not, its rows go in sizes that
do. Beside whom a row stands, or at which place, was never seen to matter
(`tests/parity/test_exactness.py`).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor

Row = TypeVar("Row")
_SMALL, _STEP = 8, 4  # rows


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
        sizes[least] = True
        count, full = len(rows), _filled_up(rows, max(least, _step_up(len(rows))))
        answers = _in_agreement(full, sizes, one_pass)
        if len(full) not in sizes:
            sizes[len(full)] = torch.equal(answers, one_pass(full))
        return answers[:count]


def _step_up(rows: int) -> int:
    """The next size that is worth a proof: every small one, of larger ones one in four."""
    return rows if rows <= _SMALL else -(-rows // _STEP) * _STEP


def _filled_up(rows: Sequence[Row], count: int) -> list[Row]:
    return [*rows, *[rows[-1]] * (count - len(rows))]


def _in_agreement(
    rows: Sequence[Row], sizes: Mapping[int, bool], one_pass: Callable[[Sequence[Row]], Tensor]
) -> Tensor:
    """Answer rows in sizes that agree: the next larger one filled up, or several smaller ones."""
    agreeing = sorted(size for size, agrees in sizes.items() if agrees)
    count = len(rows)
    for size in agreeing:
        if size >= count and (size < 2 * count or size == agreeing[0]):
            return one_pass(_filled_up(rows, size))[:count]
    size = max(size for size in agreeing if size < count)
    return torch.cat([one_pass(rows[:size]), _in_agreement(rows[size:], sizes, one_pass)])
