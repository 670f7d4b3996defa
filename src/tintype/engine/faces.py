"""Networks for faces that are in memory."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch

from tintype.core.faces import FaceDetectorRecord, FaceRestorerRecord
from tintype.engine.last_used import LastUsed
from tintype.errors import ModelError
from tintype.networks.faces.detector import FaceDetector, load_detector
from tintype.networks.faces.restorers import Restorer, load_restorer

KEPT_BYTES = 2**30  # a detector, GFPGAN and CodeFormer

FaceRecord = FaceDetectorRecord | FaceRestorerRecord


class FaceNetworks:
    """Loads detectors and restorers when they are first asked for and keeps those used last."""

    def __init__(
        self,
        device: torch.device | None = None,
        load_restorer: Callable[[Path, torch.device], Restorer] = load_restorer,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        """None in memory.

        Args:
            device: where they compute; None for the CPU.
            load_restorer: reads one, see `networks.faces.restorers`.
            kept_bytes: what they may take together; the one asked for is kept in any case.
        """
        self._device, self._load_restorer = device or torch.device("cpu"), load_restorer
        self._loaded = LastUsed[tuple[Path, int], FaceDetector | Restorer](kept_bytes)

    def __contains__(self, record: FaceRecord) -> bool:
        return record.version in self._loaded

    @property
    def bytes(self) -> int:
        """Memory that their weights take."""
        return self._loaded.bytes

    @property
    def load_seconds(self) -> float:
        """Time spent in reading them."""
        return self._loaded.load_seconds

    def detector(self, record: FaceDetectorRecord) -> FaceDetector:
        """A detector, ready. Raises `ModelError` if its file cannot be used."""
        return cast(FaceDetector, self._get(record, load_detector))

    def restorer(self, record: FaceRestorerRecord) -> Restorer:
        """A restorer, ready.

        Raises:
            ModelError: its file cannot be used, or is of the other kind.
        """
        restorer = cast(Restorer, self._get(record, self._load_restorer))
        if restorer.name != record.name:
            raise ModelError(f"{record.path.name} is {restorer.name}; expected {record.name}.")
        return restorer

    def unload(self) -> None:
        """Forget all of them."""
        self._loaded.unload()

    def _get(
        self, record: FaceRecord, load: Callable[[Path, torch.device], FaceDetector | Restorer]
    ) -> FaceDetector | Restorer:
        return self._loaded.get(record.version, lambda: load(record.path, self._device))
