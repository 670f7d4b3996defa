"""Autoencoders from files of their own that are in memory."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace

from tintype.core.models import VaeRecord
from tintype.networks import Autoencoder, load_autoencoder

KEPT_BYTES = 2**30  # three of SD's in float32


def loaded_like(record: VaeRecord, own: Autoencoder) -> Autoencoder:
    """The autoencoder of a file, for the latents and with the previews of a checkpoint's own.

    Raises:
        ModelError: the file cannot be used, or not with this checkpoint.
    """
    loaded = load_autoencoder(record.path, own.vae.config, own.device, own.dtype)
    if own.small_decoder_path is not None:
        loaded.use_small_decoder(own.small_decoder_path)
    return loaded


class Autoencoders:
    """Loads autoencoders when they are first asked for and keeps those used last.

    A file serves all checkpoints of one kind of latents with one copy.

    Attributes:
        load_seconds: time spent in reading them.
    """

    def __init__(
        self,
        load: Callable[[VaeRecord, Autoencoder], Autoencoder] = loaded_like,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        """None in memory.

        Args:
            load: reads one, see `loaded_like`.
            kept_bytes: what they may take together; the one asked for is kept in any case.
        """
        self._load, self._kept_bytes = load, kept_bytes
        self._loaded: OrderedDict[Hashable, tuple[str, Autoencoder]] = OrderedDict()
        self.load_seconds = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The files in memory, the one used last at the end."""
        return tuple(dict.fromkeys(name for name, _ in self._loaded.values()))

    @property
    def bytes(self) -> int:
        """Memory that their weights take."""
        return sum(one.bytes for _, one in self._loaded.values())

    def get(self, record: VaeRecord, own: Autoencoder) -> Autoencoder:
        """The autoencoder of a file, in place of a checkpoint's own; raises as `loaded_like`."""
        key = (record.version, replace(own.vae.config, channels=(), res_blocks=0), own.dtype)
        if key not in self._loaded:
            started = time.perf_counter()
            self._loaded[key] = record.name, self._load(record, own)
            self.load_seconds += time.perf_counter() - started
        self._loaded.move_to_end(key)
        while len(self._loaded) > 1 and self.bytes > self._kept_bytes:
            self._loaded.popitem(last=False)
        return self._loaded[key][1]

    def unload(self) -> None:
        """Forget all of them."""
        self._loaded.clear()
