"""Networks for faces that are in memory."""

import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import cast

import torch

from tintype.core.faces import FaceDetectorRecord, FaceRestorerRecord
from tintype.errors import ModelError
from tintype.networks.faces.detector import FaceDetector, load_detector
from tintype.networks.faces.restorers import Restorer, load_restorer

KEPT_BYTES = 2**30  # a detector, GFPGAN and CodeFormer

FaceRecord = FaceDetectorRecord | FaceRestorerRecord


class FaceNetworks:
    """Loads detectors and restorers when they are first asked for and keeps those used last.

    Attributes:
        load_seconds: time spent in reading them.
    """

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
        self._device, self._kept_bytes = device or torch.device("cpu"), kept_bytes
        self._load_restorer = load_restorer
        self._loaded: OrderedDict[tuple[Path, int], FaceDetector | Restorer] = OrderedDict()
        self.load_seconds = 0.0

    def __contains__(self, record: FaceRecord) -> bool:
        return record.version in self._loaded

    @property
    def bytes(self) -> int:
        """Memory that their weights take."""
        return sum(one.bytes for one in self._loaded.values())

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
        self._loaded.clear()

    def _get(
        self, record: FaceRecord, load: Callable[[Path, torch.device], FaceDetector | Restorer]
    ) -> FaceDetector | Restorer:
        if record not in self:
            started = time.perf_counter()
            self._loaded[record.version] = load(record.path, self._device)
            self.load_seconds += time.perf_counter() - started
        self._loaded.move_to_end(record.version)
        while len(self._loaded) > 1 and self.bytes > self._kept_bytes:
            self._loaded.popitem(last=False)
        return self._loaded[record.version]
