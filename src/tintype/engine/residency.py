"""Which checkpoints are in memory."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from tintype.core.models import ModelRecord
from tintype.networks import LoadedCheckpoint

_File = tuple[Path, int]  # where it is, and when it was modified


class Residency:
    """Loads checkpoints when they are first asked for and keeps those used last."""

    def __init__(self, load: Callable[[ModelRecord], LoadedCheckpoint], budget_bytes: int) -> None:
        self._load = load
        self._budget_bytes = budget_bytes
        self._loaded: OrderedDict[_File, LoadedCheckpoint] = OrderedDict()

    def get(self, record: ModelRecord) -> LoadedCheckpoint:
        """The networks of a checkpoint. Raises `ModelError` if its file cannot be used."""
        file = (record.path, record.modified)
        if file not in self._loaded:
            self._make_room(record.bytes)
            self._loaded[file] = self._load(record)
        self._loaded.move_to_end(file)
        return self._loaded[file]

    def _make_room(self, wanted_bytes: int) -> None:
        while self._loaded and self._resident_bytes() + wanted_bytes > self._budget_bytes:
            self._loaded.popitem(last=False)

    def _resident_bytes(self) -> int:
        return sum(loaded.bytes for loaded in self._loaded.values())
