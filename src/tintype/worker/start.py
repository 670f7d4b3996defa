"""Building a worker: device, residency, engine."""

import time

import torch

from tintype.core.models import ModelRecord
from tintype.core.orders import Network
from tintype.core.settings import EngineConfig
from tintype.engine import Engine, Passes, Residency
from tintype.errors import ModelError
from tintype.networks import LoadedCheckpoint
from tintype.prompt.tokenizer import load_tokenizer
from tintype.recipes.beside import EDIT, INPAINTING
from tintype.worker.devices import device_called, dtype_for, model_budget_bytes


class Workshop:
    """An engine on its device.

    Attributes:
        device: what it computes on.
        engine: takes recipes.
        residency: the checkpoints in memory.
    """

    def __init__(
        self, device: str, max_rows: int = EngineConfig().max_rows, threads: int | None = None
    ) -> None:
        """Choose the device; nothing is loaded yet. Raises `SetupError` if there is no such one."""
        self.device = device_called(device)
        if threads is not None:
            torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.residency = Residency(self._load, model_budget_bytes(self.device))
        self.engine = Engine(Passes(self.residency), max_rows)

    def warm(self, record: ModelRecord) -> float:
        """Load a checkpoint and the tokenizer before anybody asks. Returns seconds taken."""
        started = time.perf_counter()
        self.residency.get(Network(record))
        load_tokenizer()
        return time.perf_counter() - started

    def _load(self, record: ModelRecord) -> LoadedCheckpoint:
        loaded = LoadedCheckpoint.load(
            record.path, record.config_path, self.device, dtype_for(self.device)
        )
        _refuse_what_cannot_paint(record, loaded)
        return loaded


def _refuse_what_cannot_paint(record: ModelRecord, loaded: LoadedCheckpoint) -> None:
    """Say so of families whose networks we have, but whose conditioning no recipe builds yet."""
    config = loaded.config
    if config.family not in ("sd1", "sd2"):
        kind = "SDXL"
    elif config.unet.in_channels not in (4, EDIT, INPAINTING):
        kind = f"a checkpoint with {config.unet.in_channels} input channels"
    else:
        return
    raise ModelError(f"{record.name} is {kind}, which cannot paint yet; SD 1.x and 2.x can")
