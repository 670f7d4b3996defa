"""Building a worker: device, residency, engine."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import torch

from tintype.core.captioners import CaptionerRecord
from tintype.core.families import Family
from tintype.core.jobs import Tally
from tintype.core.models import ModelRecord
from tintype.core.orders import Network
from tintype.core.settings import EngineConfig, Lodging
from tintype.engine import (
    Budgets,
    Captioners,
    Checkpoints,
    Engine,
    FaceNetworks,
    Passes,
    Residency,
    Upscalers,
)
from tintype.errors import ModelError
from tintype.networks import LoadedCheckpoint, Part, bytes_by_part, load_checkpoint
from tintype.networks.blip import Blip
from tintype.networks.blip_file import load_captioner
from tintype.prompt.tokenizer import load_tokenizer
from tintype.recipes.beside import EDIT, INPAINTING
from tintype.worker.devices import (
    cuda_memory_of,
    device_called,
    dtype_for,
    free_bytes,
    give_back_unused,
    lodging_for,
    memory_of,
    model_budget_bytes,
    shelf_bytes,
)
from tintype.worker.measures import MeasureBook

FILES_REMEMBERED = 64  # whose headers say how large their parts are
SMALL_DECODERS: Mapping[Family, str] = {
    "sd1": "taesd_decoder",
    "sd2": "taesd_decoder",
    "sdxl": "taesdxl_decoder",
    "sdxl_refiner": "taesdxl_decoder",
}


class Workshop:
    """An engine on its device.

    Attributes:
        device: what it computes on.
        engine: takes recipes.
        residency: the checkpoints in memory.
        captioners: what describes pictures, if it is in memory.
    """

    def __init__(
        self,
        config: EngineConfig,
        measures: Path | None = None,
        small_decoders: Sequence[Path] = (),
    ) -> None:
        """Choose the device; nothing is loaded yet.

        Args:
            config: how to compute.
            measures: file of what passes took in earlier processes; None to begin anew.
            small_decoders: files of TAESD's decoders for previews, by their usual names.

        Raises:
            SetupError: there is no such device.
        """
        self.device = device_called(config.device)
        if config.threads is not None:
            torch.set_num_threads(config.threads)
        torch.set_grad_enabled(False)
        self._small_decoders = {path.stem: path for path in small_decoders}
        self._lodging: Lodging | None = config.lodging
        self._budget_bytes = model_budget_bytes(self.device)
        self._sizes = lru_cache(FILES_REMEMBERED)(self._sizes_in)
        checkpoints = Checkpoints(
            self._load,
            self._budget_bytes,
            shelf_bytes(self.device),
            self._weigh,
            partial(self._load, threads=1, at_once=True),
        )
        self.residency = Residency(checkpoints, Upscalers(self.device), FaceNetworks(self.device))
        self.captioners = Captioners(self._load_captioner)
        self._book = None if measures is None else MeasureBook(measures, self.device)
        self._budgets = Budgets(config.max_rows, partial(free_bytes, self.device))
        if self._book is not None:
            self._budgets.learn(self._book.read())
        self._passes = Passes(self.residency, self._budgets, self.device, exact=config.exact)
        self.engine = Engine(self._passes)

    def warm(self, record: ModelRecord) -> float:
        """Load a checkpoint and the tokenizer before anybody asks. Returns seconds taken."""
        started = time.perf_counter()
        self.residency.get(Network(record))
        load_tokenizer()
        return time.perf_counter() - started

    @property
    def is_settled(self) -> bool:
        """No weights are on their way."""
        return self.residency.is_settled

    def settle(self) -> None:
        """Bring a few more of the weights that are on their way."""
        self.residency.settle()

    def unload(self) -> None:
        """Give back the memory of all weights; what is asked for next is loaded again."""
        self.residency.unload()
        self.captioners.unload()
        give_back_unused()

    def tally(self) -> Tally:
        """What the engine has done, which checkpoints are in memory, and what passes take."""
        held, measures = self.residency, self._budgets.measures()
        if self._book is not None and self.engine.is_idle:
            self._book.keep(measures)
        return replace(
            self.engine.tally(),
            prompt_hits=self._passes.prompt_hits,
            prompt_misses=self._passes.prompt_misses,
            measures=measures,
            loads=held.loads,
            load_seconds=held.load_seconds,
            resident=held.names,
            resident_vaes=held.vae_names,
            resident_bytes=held.bytes + self.captioners.bytes,
            cuda=cuda_memory_of(self.device),
        )

    def memory(self) -> tuple[int, int]:
        """Bytes the process holds where it computes, and bytes there are."""
        return memory_of(self.device)

    def _weigh(self, record: ModelRecord) -> int:
        return sum(self._sizes(*record.version).values())

    def _sizes_in(self, path: Path, _modified: int) -> Mapping[Part, int]:
        return bytes_by_part(path, dtype_for(self.device))

    def _load(
        self, record: ModelRecord, *, threads: int | None = None, at_once: bool | None = None
    ) -> LoadedCheckpoint:
        dtype = dtype_for(self.device)
        sizes = self._sizes(*record.version)
        lodging = self._lodging or lodging_for(sizes, self.device, self._budget_bytes)
        loaded = load_checkpoint(
            record.path, record.config_path, self.device, dtype, lodging, threads, at_once=at_once
        )
        _refuse_what_cannot_paint(record, loaded)
        if (small := self._small_decoders.get(SMALL_DECODERS[loaded.config.family])) is not None:
            loaded.autoencoder.use_small_decoder(small)
        return loaded

    def _load_captioner(self, record: CaptionerRecord) -> Blip:
        return load_captioner(record.path, self.device, dtype_for(self.device))


def _refuse_what_cannot_paint(record: ModelRecord, loaded: LoadedCheckpoint) -> None:
    """Say so of families whose networks we have, but whose conditioning no recipe builds yet."""
    config = loaded.config
    if config.unet.in_channels not in (4, EDIT, INPAINTING):
        kind = f"a checkpoint with {config.unet.in_channels} input channels"
        raise ModelError(f"{record.name} is {kind}, which cannot paint; 4, 8 and 9 can")
