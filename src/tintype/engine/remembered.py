"""Prompts as U-Nets see them, remembered within a bound."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from torch import Tensor

from tintype.core.orders import Conditioning
from tintype.networks import TextKeys

IN_USE_PASSES = 64  # what was asked for so lately belongs to a picture under way

_Key = tuple[Tensor, Hashable]


@dataclass(slots=True)
class _Entry:
    keys: TextKeys
    used: int


class RememberedKeys:
    """`TextKeys` by conditioning and U-Net as it is dressed; those used last stay.

    What pictures under way need stays whatever the bound says, for it is asked for in every pass.

    Attributes:
        bytes: memory that all of them take.
    """

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._entries: OrderedDict[_Key, _Entry] = OrderedDict()
        self._passes = 0
        self.bytes = 0

    def next_pass(self) -> None:
        """Another pass begins; what no picture asks for any more may go."""
        self._passes += 1
        while self._entries and self.bytes > self._budget_bytes:
            oldest = next(iter(self._entries.values()))
            if oldest.used > self._passes - IN_USE_PASSES:
                return
            self._entries.popitem(last=False)
            self.bytes -= oldest.keys.bytes

    def get(self, side: Conditioning, wearer: Hashable, make: Callable[[], TextKeys]) -> TextKeys:
        """What `make` gave for this conditioning and U-Net, made now if it was never or is gone.

        Contexts are told apart by being the same tensor, not by what is in them.
        """
        key = (side.context, wearer)
        if key not in self._entries:
            made = make()
            self._entries[key] = _Entry(made, self._passes)
            self.bytes += made.bytes
        entry = self._entries[key]
        entry.used = self._passes
        self._entries.move_to_end(key)
        return entry.keys
