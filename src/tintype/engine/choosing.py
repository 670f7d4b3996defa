"""Who goes next.

Every waiting order has an urgency, lower going first: its priority's, its place among the images of
its job, and less for every pass it was left out of. So those of a better priority go first, the
first images of all jobs before the tenth of one, and nobody waits for ever behind newcomers, other
sizes or another checkpoint.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tintype.core.orders import Order, rows_of

PASSES_PER_RANK = 8  # left out of so many passes, an order counts as one rank more urgent
_HIGHEST_RANK = 7  # images beyond it are all alike
_RANKS_PER_PRIORITY = 8
_RANKS_FOR_A_SWITCH = 2  # what a checkpoint that is not in place costs


@dataclass(frozen=True, slots=True)
class Claim:
    """What an order can say for itself.

    Attributes:
        priority: 0 for the most urgent class, counting up.
        rank: place of the image among those of its job, from 0.
        arrival: counts tasks in the order they came.
        left_out: passes that went by since it was asked.
    """

    priority: int
    rank: int
    arrival: int
    left_out: int


class Waiting(Protocol):
    """An order that waits, as the choice sees it."""

    order: Order

    @property
    def claim(self) -> Claim:
        """What it can say for itself."""
        ...


W = TypeVar("W", bound=Waiting)


def choose(
    waiting: Sequence[W],
    key_of: Callable[[Order], Hashable],
    is_ready: Callable[[Order], bool],
    budget_of: Callable[[Order], int],
) -> list[W]:
    """The most urgent order, and others of its key in their turn while there are rows.

    Args:
        waiting: at least one.
        key_of: what must be equal to share a pass.
        is_ready: whether its networks are in place just as it wants them.
        budget_of: rows a pass of that kind and shape may have; a lone order may exceed it.
    """
    ready: dict[Hashable, bool] = {}
    keys = [key_of(one.order) for one in waiting]
    for one, key in zip(waiting, keys, strict=True):
        ready.setdefault(key, is_ready(one.order))
    leader = min(range(len(waiting)), key=lambda i: _leads(waiting[i].claim, ready[keys[i]]))
    company = [one for one, key in zip(waiting, keys, strict=True) if key == keys[leader]]
    return _filled(sorted(company, key=_joins), budget_of(waiting[leader].order))


def _filled(company: Sequence[W], budget: int) -> list[W]:
    turn: list[W] = []
    rows = 0
    for one in company:
        rows += rows_of(one.order)
        if turn and rows > budget:
            break
        turn.append(one)
    return turn


def _leads(waiting: Claim, is_ready: bool) -> tuple[float, int]:  # noqa: FBT001 - a key of sort
    switch = 0 if is_ready else _RANKS_FOR_A_SWITCH
    return _rank(waiting) + switch - waiting.left_out / PASSES_PER_RANK, waiting.arrival


def _joins(one: Waiting) -> tuple[int, int]:
    """Whole ranks only: among equals those that came first are finished first."""
    waiting = one.claim
    return _rank(waiting) - waiting.left_out // PASSES_PER_RANK, waiting.arrival


def _rank(waiting: Claim) -> int:
    return _RANKS_PER_PRIORITY * waiting.priority + min(waiting.rank, _HIGHEST_RANK)
