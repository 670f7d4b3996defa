"""Autoencoders from files of their own that are in memory."""

from collections.abc import Callable, Hashable
from dataclasses import replace

from tintype.core.models import VaeRecord
from tintype.engine.last_used import LastUsed
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
        self._load = load
        self._loaded = LastUsed[tuple[str, Hashable], Autoencoder](kept_bytes)

    @property
    def names(self) -> tuple[str, ...]:
        """The files in memory, the one used last at the end."""
        return tuple(dict.fromkeys(name for name, _ in self._loaded.keys))

    @property
    def bytes(self) -> int:
        """Memory that their weights take."""
        return self._loaded.bytes

    @property
    def load_seconds(self) -> float:
        """Time spent in reading them."""
        return self._loaded.load_seconds

    def get(self, record: VaeRecord, own: Autoencoder) -> Autoencoder:
        """The autoencoder of a file, in place of a checkpoint's own; raises as `loaded_like`."""
        latents = replace(own.vae.config, channels=(), res_blocks=0)
        key = record.name, (record.version, latents, own.dtype)
        return self._loaded.get(key, lambda: self._load(record, own))

    def unload(self) -> None:
        """Forget all of them."""
        self._loaded.unload()
