"""Networks that enlarge pictures and are in memory."""

from collections.abc import Callable
from pathlib import Path

import torch

from tintype.core.models import UpscalerRecord
from tintype.engine.last_used import LastUsed
from tintype.networks.upscaling import Enlarger, load_enlarger

KEPT_BYTES = 2**29  # eight of ESRGAN's in float32


class Upscalers:
    """Loads upscalers when they are first asked for and keeps those used last."""

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
        self._loaded = LastUsed[tuple[Path, int], Enlarger](kept_bytes)

    def __contains__(self, record: UpscalerRecord) -> bool:
        return record.version in self._loaded

    @property
    def bytes(self) -> int:
        """Memory that their weights take."""
        return self._loaded.bytes

    @property
    def load_seconds(self) -> float:
        """Time spent in reading them."""
        return self._loaded.load_seconds

    def get(self, record: UpscalerRecord) -> Enlarger:
        """An upscaler, ready. Raises `ModelError` if its file cannot be used."""
        return self._loaded.get(record.version, lambda: self._load(record.path, self._device))

    def unload(self) -> None:
        """Forget all of them."""
        self._loaded.unload()
