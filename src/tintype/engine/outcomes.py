"""What a tick comes to, for each task it moved."""

from collections.abc import Hashable
from dataclasses import dataclass

from torch import Tensor

from tintype.core.orders import Answer, Order
from tintype.errors import TintypeError


@dataclass(frozen=True, slots=True, eq=False)
class Advanced:
    """A task's order has been answered.

    Attributes:
        task: as given to `Engine.submit`.
        order: what was answered.
        answer: with what.
        seconds: duration of the pass it was part of.
        rows: rows of that pass.
        load_seconds: time for reading checkpoints before it.
        is_replayed: the answer came from a log, at no cost.
    """

    task: Hashable
    order: Order
    answer: Answer
    seconds: float = 0.0
    rows: int = 0
    load_seconds: float = 0.0
    is_replayed: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Finished:
    """A task is done.

    Attributes:
        pictures: what its recipe returned.
        is_partial: it was interrupted before its end.
    """

    task: Hashable
    pictures: tuple[Tensor, ...]
    is_partial: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """A task ended in an error; the tasks beside it go on."""

    task: Hashable
    error: TintypeError


Outcome = Advanced | Finished | Failed
