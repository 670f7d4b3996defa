"""Networks of one kind that are in memory: those used last, within a bound."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, Protocol, TypeVar


class Weighty(Protocol):
    """What takes memory."""

    @property
    def bytes(self) -> int:
        """Of its weights."""
        ...


K = TypeVar("K", bound=Hashable)
N = TypeVar("N", bound=Weighty)


class LastUsed(Generic[K, N]):
    """Networks by key; those used longest ago leave when others need the room.

    Attributes:
        load_seconds: time spent in reading them.
    """

    def __init__(self, kept_bytes: int) -> None:
        """None in memory.

        Args:
            kept_bytes: what they may take together; the one asked for is kept in any case.
        """
        self._kept_bytes = kept_bytes
        self._loaded: OrderedDict[K, N] = OrderedDict()
        self.load_seconds = 0.0

    def __contains__(self, key: K) -> bool:
        return key in self._loaded

    @property
    def keys(self) -> Iterable[K]:
        """Of those in memory, the one used last at the end."""
        return self._loaded.keys()

    @property
    def bytes(self) -> int:
        """Memory that their weights take."""
        return sum(one.bytes for one in self._loaded.values())

    def get(self, key: K, load: Callable[[], N]) -> N:
        """The network under a key, read if it is not there. Raises as `load`."""
        if key not in self._loaded:
            started = time.perf_counter()
            self._loaded[key] = load()
            self.load_seconds += time.perf_counter() - started
        self._loaded.move_to_end(key)
        while len(self._loaded) > 1 and self.bytes > self._kept_bytes:
            self._loaded.popitem(last=False)
        return self._loaded[key]

    def unload(self) -> None:
        """Forget all of them."""
        self._loaded.clear()
