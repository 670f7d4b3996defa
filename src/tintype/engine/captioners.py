"""Which captioner is in memory."""

from collections.abc import Callable, Hashable
from threading import Lock

from tintype.core.captioners import CaptionerRecord
from tintype.networks.blip import Blip


class Captioners:
    """Loads captioners when they are first asked for and keeps the one used last.

    Safe between threads: one is read while others compute.
    """

    def __init__(self, load: Callable[[CaptionerRecord], Blip]) -> None:
        """None in memory.

        Args:
            load: reads one; raises `ModelError` if its file cannot be used.
        """
        self._load, self._lock = load, Lock()
        self._kept: tuple[Hashable, Blip] | None = None

    @property
    def bytes(self) -> int:
        """Memory that its weights take."""
        kept = self._kept
        return 0 if kept is None else kept[1].bytes

    def get(self, record: CaptionerRecord) -> Blip:
        """The captioner of a file as it is now. Raises as `load`."""
        with self._lock:
            kept = self._kept
            if kept is None or kept[0] != record.version:
                kept = self._kept = None  # not two of them at once
                kept = self._kept = record.version, self._load(record)
            return kept[1]

    def unload(self) -> None:
        """Forget it; whoever is using it goes on."""
        self._kept = None
