"""Networks that enlarge pictures and are in memory."""

import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import torch

from tintype.core.models import UpscalerRecord
from tintype.networks.upscaling import Enlarger, load_enlarger

KEPT_BYTES = 2**29  # eight of ESRGAN's in float32


class Upscalers:
    """Loads upscalers when they are first asked for and keeps those used last.

    Attributes:
        load_seconds: time spent in reading them.
    """

    def __init__(
        self,
        device: torch.device | None = None,
        load: Callable[[Path, torch.device], Enlarger] = load_enlarger,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        """None in memory.

        Args:
            device: where they compute; None for the CPU.
            load: reads one, see `load_enlarger`.
            kept_bytes: what they may take together; the one asked for is kept in any case.
        """
        self._device, self._load = device or torch.device("cpu"), load
        self._kept_bytes = kept_bytes
        self._loaded: OrderedDict[tuple[Path, int], Enlarger] = OrderedDict()
        self.load_seconds = 0.0

    def __contains__(self, record: UpscalerRecord) -> bool:
        return record.version in self._loaded

    @property
    def bytes(self) -> int:
        """Memory that their weights take."""
        return sum(one.bytes for one in self._loaded.values())

    def get(self, record: UpscalerRecord) -> Enlarger:
        """An upscaler, ready. Raises `ModelError` if its file cannot be used."""
        if record not in self:
            started = time.perf_counter()
            self._loaded[record.version] = self._load(record.path, self._device)
            self.load_seconds += time.perf_counter() - started
        self._loaded.move_to_end(record.version)
        while len(self._loaded) > 1 and self.bytes > self._kept_bytes:
            self._loaded.popitem(last=False)
        return self._loaded[record.version]

    def unload(self) -> None:
        """Forget all of them."""
        self._loaded.clear()
