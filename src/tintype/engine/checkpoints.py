"""Checkpoints in memory: on the device, beside it in RAM, and on their way from disk."""

import time
from collections import OrderedDict
from collections.abc import Callable
from operator import attrgetter

import torch

from tintype.core.models import ModelRecord, model_stem
from tintype.engine.coming import Coming, File
from tintype.errors import ModelError
from tintype.networks import LoadedCheckpoint

Load = Callable[[ModelRecord], LoadedCheckpoint]


class Checkpoints:
    """Loads checkpoints when they are first asked for and keeps those used last.

    Attributes:
        loads: checkpoints read so far.
        load_seconds: time somebody waited for that.
    """

    def __init__(
        self,
        load: Load,
        budget_bytes: int,
        shelf_bytes: int = 0,
        weigh: Callable[[ModelRecord], int] | None = None,
        load_beside: Load | None = None,
    ) -> None:
        """None in memory.

        Args:
            load: reads a checkpoint.
            budget_bytes: what they may take on the device; the one in use is kept in any case.
            shelf_bytes: what those that had to leave may take in RAM; 0 where that is the device.
            weigh: what a checkpoint will take; None for the size of its file.
            load_beside: reads one in another thread while others compute; None for `load`.
        """
        self._load, self._budget_bytes, self._shelf_bytes = load, budget_bytes, shelf_bytes
        self._weigh: Callable[[ModelRecord], int] = weigh or attrgetter("bytes")
        self._loaded: OrderedDict[File, LoadedCheckpoint] = OrderedDict()
        self._shelf: OrderedDict[File, tuple[LoadedCheckpoint, torch.device]] = OrderedDict()
        self._coming = Coming(load_beside or load)
        self.loads = 0
        self.load_seconds = 0.0

    def __contains__(self, record: ModelRecord) -> bool:
        return record.version in self._loaded

    @property
    def names(self) -> tuple[str, ...]:
        """Those on the device, the one used last at the end."""
        return tuple(model_stem(path.name) for path, _ in self._loaded)

    @property
    def bytes(self) -> int:
        """Memory that those on the device take."""
        return sum(loaded.bytes for loaded in self._loaded.values())

    def get(self, record: ModelRecord) -> LoadedCheckpoint:
        """A checkpoint on the device. Raises `ModelError` if its file cannot be used."""
        self._land()
        if record.version not in self._loaded:
            started = time.perf_counter()
            self._loaded[record.version] = self._brought(record)
            self.load_seconds += time.perf_counter() - started
        self._loaded.move_to_end(record.version)
        return self._loaded[record.version]

    def prefetch(self, record: ModelRecord) -> None:
        """Begin to read a checkpoint that will be asked for.

        Without room for it beside the others, the system has its file read from disk at least.

        A file that cannot be used is the trouble of those who ask for it.
        """
        self._land()
        file = record.version
        if file in self._loaded or file in self._shelf or file in self._coming:
            return
        try:
            size = self._weigh(record)
        except ModelError:
            return
        if self.bytes + self._coming.bytes + size <= self._budget_bytes:
            self._coming.begin(record, size)
        else:
            self._coming.read_ahead(record)

    @property
    def is_settled(self) -> bool:
        """No weights are on their way."""
        return all(loaded.is_settled for loaded in self._loaded.values())

    def settle(self) -> None:
        """Bring a few more of the weights that are on their way, first of those used last.

        A checkpoint whose file was spoilt meanwhile is forgotten: who asks for it next is told.
        """
        for file, loaded in reversed(self._loaded.items()):
            if not loaded.is_settled:
                try:
                    loaded.settle()
                except ModelError:
                    del self._loaded[file]
                return

    def forget_outfits(self) -> None:
        """Give back what LoRAs take on the device; those under way are made anew."""
        for loaded in self._loaded.values():
            loaded.forget_outfits()

    def unload(self) -> None:
        """Give back the device's memory; what RAM beside it holds is kept for the next use."""
        self._coming.forget()
        while self._loaded:
            self._send_away()

    def _land(self) -> None:
        """Have those that have come among the others: the first to go if nobody asks for them."""
        for file, loaded in self._coming.landed():
            self._loaded[file] = loaded
            self._loaded.move_to_end(file, last=False)
            self.loads += 1

    def _brought(self, record: ModelRecord) -> LoadedCheckpoint:
        file = record.version
        if file in self._shelf:
            loaded, device = self._shelf.pop(file)
            self._make_room(loaded.bytes)
            loaded.move_to(device)
            return loaded
        self.loads += 1
        if file in self._coming:
            loaded = self._coming.take(file)
            self._make_room(loaded.bytes)
            return loaded
        self._make_room(self._weigh(record))
        return self._load(record)

    def _make_room(self, wanted_bytes: int) -> None:
        coming = self._coming.bytes
        while self._loaded and self.bytes + coming + wanted_bytes > self._budget_bytes:
            self._send_away()

    def _send_away(self) -> None:
        """Off the device goes the one not used longest, and off the shelf those it takes."""
        file, loaded = self._loaded.popitem(last=False)
        if loaded.bytes > self._shelf_bytes:
            return
        held = sum(other.bytes for other, _ in self._shelf.values())
        while self._shelf and held + loaded.bytes > self._shelf_bytes:
            held -= self._shelf.popitem(last=False)[1][0].bytes
        device = loaded.device
        loaded.move_to(torch.device("cpu"))
        self._shelf[file] = loaded, device
