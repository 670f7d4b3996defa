"""Which networks are in memory, and what they wear."""

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from tintype.core.models import AdapterRecord, EmbeddingRecord, ModelRecord
from tintype.core.orders import Network
from tintype.networks import (
    AdapterFile,
    Autoencoder,
    Embedding,
    LoadedCheckpoint,
    read_adapter,
    read_embedding,
)

ADAPTERS_REMEMBERED = 16
EMBEDDINGS_REMEMBERED = 64

_File = tuple[Path, int]  # where it is, and when it was modified


class Residency:
    """Loads networks when they are first asked for and keeps those used last.

    Attributes:
        loads: checkpoints read so far.
        load_seconds: time that took.
    """

    def __init__(self, load: Callable[[ModelRecord], LoadedCheckpoint], budget_bytes: int) -> None:
        self._load = load
        self._budget_bytes = budget_bytes
        self._loaded: OrderedDict[_File, LoadedCheckpoint] = OrderedDict()
        self._read_adapter = lru_cache(ADAPTERS_REMEMBERED)(read_adapter)
        self._read_embedding = lru_cache(EMBEDDINGS_REMEMBERED)(_read_embedding)
        self.loads = 0
        self.load_seconds = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The checkpoints in memory, the one used last at the end."""
        return tuple(path.stem for path, _ in self._loaded)

    @property
    def bytes(self) -> int:
        """Memory that their weights take."""
        return sum(loaded.bytes for loaded in self._loaded.values())

    def has(self, network: Network) -> bool:
        """Whether a network's checkpoint is in memory, whatever it wears."""
        return network.checkpoint.version in self._loaded

    def is_ready(self, network: Network) -> bool:
        """Whether a network is in memory, its U-Net wearing just what it shall wear."""
        loaded = self._loaded.get(network.checkpoint.version)
        return loaded is not None and loaded.wears_on_unet(network.adapters)

    def get(self, network: Network) -> LoadedCheckpoint:
        """A checkpoint exactly as it shall be used: with these adapters, tiling or not.

        Only what differs from its last use is changed.

        Raises:
            ModelError: a file cannot be used, or an adapter fits nothing in the checkpoint.
        """
        self.for_text(network)
        return self.for_unet(network)

    def for_text(self, network: Network) -> LoadedCheckpoint:
        """The same with its text encoders ready; the rest may be as others left it."""
        loaded = self._checkpoint(network.checkpoint)
        loaded.wear_on_text(network.adapters, self._adapter)
        return loaded

    def for_unet(self, network: Network) -> LoadedCheckpoint:
        """The same with its U-Net ready."""
        loaded = self._checkpoint(network.checkpoint)
        loaded.set_tiling(tiling=network.tiling)
        loaded.merge_tokens(network.token_merging)
        loaded.wear_on_unet(network.adapters, self._adapter)
        return loaded

    def for_pixels(self, network: Network) -> Autoencoder:
        """The autoencoder, ready; adapters do not change it."""
        autoencoder = self._checkpoint(network.checkpoint).autoencoder
        autoencoder.set_tiling(tiling=network.tiling)
        return autoencoder

    def embedding(self, record: EmbeddingRecord) -> Embedding:
        """The vectors of a textual inversion. Raises `ModelError` if its file cannot be used."""
        return self._read_embedding(record.path, record.modified)

    def _adapter(self, record: AdapterRecord) -> AdapterFile:
        return self._read_adapter(record.path, record.modified)

    def _checkpoint(self, record: ModelRecord) -> LoadedCheckpoint:
        file = record.version
        if file not in self._loaded:
            self._make_room(record.bytes)
            started = time.perf_counter()
            self._loaded[file] = self._load(record)
            self.load_seconds += time.perf_counter() - started
            self.loads += 1
        self._loaded.move_to_end(file)
        return self._loaded[file]

    def _make_room(self, wanted_bytes: int) -> None:
        while self._loaded and self.bytes + wanted_bytes > self._budget_bytes:
            self._loaded.popitem(last=False)


def _read_embedding(path: Path, _modified: int) -> Embedding:
    return read_embedding(path)
