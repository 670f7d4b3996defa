"""Prompts as U-Nets see them, remembered within a bound."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from tintype.core.orders import Adapter, Conditioning, Network
from tintype.networks import TextKeys

_Key = tuple[Conditioning, Path, int, tuple[Adapter, ...]]


class RememberedKeys:
    """`TextKeys` by conditioning and network; those used last stay."""

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._keys: OrderedDict[_Key, TextKeys] = OrderedDict()
        self._bytes = 0

    def get(self, side: Conditioning, network: Network, make: Callable[[], TextKeys]) -> TextKeys:
        """What `make` gave for this conditioning and network, made now if it was never or is gone.

        Conditionings are told apart by what they are, not by what is in them.
        """
        file = network.checkpoint
        key = (side, file.path, file.modified, network.adapters)
        if key not in self._keys:
            self._keys[key] = made = make()
            self._bytes += made.bytes
            self._forget_old()
            return made
        self._keys.move_to_end(key)
        return self._keys[key]

    def _forget_old(self) -> None:
        while self._bytes > self._budget_bytes and len(self._keys) > 1:
            _, forgotten = self._keys.popitem(last=False)
            self._bytes -= forgotten.bytes
