"""What was made once and is kept within a bound, as long as pictures under way need it."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

IN_USE_PASSES = 64  # what was asked for so lately belongs to a picture under way

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Entry(Generic[V]):
    thing: V
    used: int


class Kept(Generic[K, V]):
    """Things by key; those asked for last stay.

    What pictures under way need stays whatever the bound says, for it is asked for in every pass.

    Attributes:
        bytes: memory that all of them take.
    """

    def __init__(self, budget_bytes: int, weigh: Callable[[Iterable[V]], int]) -> None:
        """Nothing yet.

        Args:
            budget_bytes: what they may take together.
            weigh: memory that several of them take.
        """
        self._budget_bytes, self._weigh = budget_bytes, weigh
        self._entries: OrderedDict[K, _Entry[V]] = OrderedDict()
        self._passes = 0
        self.bytes = 0

    def next_pass(self) -> None:
        """Another pass begins; what no picture asks for any more may go."""
        self._passes += 1
        while self._entries and self.bytes > self._budget_bytes:
            if next(iter(self._entries.values())).used > self._passes - IN_USE_PASSES:
                return
            self._entries.popitem(last=False)
            self._weigh_all()

    def get(self, key: K, make: Callable[[], V]) -> V:
        """What `make` gave for this key, made now if it was never or is gone; raises what it does.

        Tensors in keys are told apart by being the same, not by what is in them.
        """
        if key not in self._entries:
            self._entries[key] = _Entry(make(), self._passes)
            self._weigh_all()
        entry = self._entries[key]
        entry.used = self._passes
        self._entries.move_to_end(key)
        return entry.thing

    def clear(self) -> None:
        """Forget all of them."""
        self._entries.clear()
        self.bytes = 0

    def _weigh_all(self) -> None:
        self.bytes = self._weigh(entry.thing for entry in self._entries.values())
