"""Which networks are in memory."""

from functools import lru_cache
from pathlib import Path

from tintype.core.models import AdapterRecord, EmbeddingRecord, ModelRecord, UpscalerRecord
from tintype.core.orders import FindFaces, Network, Order, RestoreFace, Upscale
from tintype.engine.autoencoders import Autoencoders
from tintype.engine.checkpoints import Checkpoints
from tintype.engine.faces import FaceNetworks
from tintype.engine.upscalers import Upscalers
from tintype.errors import ModelError
from tintype.networks import (
    AdapterFile,
    Autoencoder,
    Embedding,
    LoadedCheckpoint,
    Part,
    read_adapter,
    read_bundled,
    read_embedding,
)
from tintype.networks.upscaling import Enlarger

ADAPTERS_REMEMBERED = 16
EMBEDDINGS_REMEMBERED = 64


class Residency:
    """Loads networks when they are first asked for and keeps those used last.

    Attributes:
        faces: those that find and restore faces.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        upscalers: Upscalers | None = None,
        faces: FaceNetworks | None = None,
    ) -> None:
        """What those checkpoints need besides: autoencoders, LoRAs, embeddings; and others.

        Args:
            checkpoints: those in memory.
            upscalers: likewise; None for others on the CPU.
            faces: networks for faces, likewise.
        """
        self._checkpoints = checkpoints
        self._autoencoders = Autoencoders()
        self._upscalers = upscalers or Upscalers()
        self.faces = faces or FaceNetworks()
        self._read_adapter = lru_cache(ADAPTERS_REMEMBERED)(read_adapter)
        self._read_embedding = lru_cache(EMBEDDINGS_REMEMBERED)(_read_embedding)

    @property
    def names(self) -> tuple[str, ...]:
        """The checkpoints in memory, the one used last at the end."""
        return self._checkpoints.names

    @property
    def loads(self) -> int:
        """Checkpoints read so far."""
        return self._checkpoints.loads

    @property
    def load_seconds(self) -> float:
        """Time somebody waited for checkpoints."""
        return self._checkpoints.load_seconds

    @property
    def bytes(self) -> int:
        """Memory that their weights take."""
        others = self._upscalers.bytes + self.faces.bytes
        return self._checkpoints.bytes + self._autoencoders.bytes + others

    @property
    def vae_names(self) -> tuple[str, ...]:
        """The autoencoders of files of their own in memory, the one used last at the end."""
        return self._autoencoders.names

    @property
    def waited_seconds(self) -> float:
        """Time spent in reading checkpoints, autoencoders, upscalers and networks for faces."""
        others = self._autoencoders.load_seconds + self._upscalers.load_seconds
        return self.load_seconds + others + self.faces.load_seconds

    def has(self, network: Network) -> bool:
        """Whether a network's checkpoint is in memory, whatever it wears."""
        return network.checkpoint in self._checkpoints

    def is_ready(self, order: Order) -> bool:
        """Whether what an order asks is in memory."""
        if isinstance(order, Upscale):
            return order.upscaler in self._upscalers
        if isinstance(order, FindFaces):
            return order.detector in self.faces
        if isinstance(order, RestoreFace):
            return order.restorer in self.faces
        if order.network is None:
            raise ValueError("a question without a network reached the engine: this is a bug")
        return self.has(order.network)

    def upscaler(self, record: UpscalerRecord) -> Enlarger:
        """A network that enlarges, ready. Raises `ModelError` if its file cannot be used."""
        return self._upscalers.get(record)

    def prefetch(self, record: ModelRecord) -> None:
        """Begin to read a checkpoint that will be asked for, while others compute."""
        self._checkpoints.prefetch(record)

    def get(self, network: Network) -> LoadedCheckpoint:
        """A checkpoint with its U-Net and its text encoders ready; see `for_unet`, `for_text`."""
        self.for_text(network)
        return self.for_unet(network)

    def for_text(self, network: Network) -> LoadedCheckpoint:
        """A checkpoint with its text encoders ready; LoRAs are worn pass by pass.

        Raises:
            ModelError: the file cannot be used.
        """
        return self._used(network, "text")

    def for_unet(self, network: Network) -> LoadedCheckpoint:
        """The same with its U-Net ready; only what differs from its last use is changed."""
        loaded = self._used(network, "unet")
        loaded.set_tiling(tiling=network.tiling)
        loaded.merge_tokens(network.token_merging)
        return loaded

    def for_pixels(self, network: Network) -> Autoencoder:
        """The autoencoder, ready: the checkpoint's own, or the one in its place.

        Raises:
            ModelError: there is neither, or a file cannot be used.
        """
        own = self._used(network, "vae").autoencoder
        if network.vae is None and not own.is_there:
            raise ModelError(
                f"{network.checkpoint.name} has no autoencoder (VAE) in it; choose one by sd_vae"
            )
        autoencoder = own if network.vae is None else self._autoencoders.get(network.vae, own)
        autoencoder.set_tiling(tiling=network.tiling)
        return autoencoder

    def embedding(self, record: EmbeddingRecord) -> Embedding:
        """The vectors of a textual inversion. Raises `ModelError` if its file cannot be used."""
        bundled_as = record.name if record.is_bundled else None
        return self._read_embedding(record.path, record.modified, bundled_as)

    def adapter(self, record: AdapterRecord) -> AdapterFile:
        """The tensors of a LoRA. Raises `ModelError` if its file cannot be used."""
        return self._read_adapter(record.path, record.modified)

    def forget_outfits(self) -> None:
        """Give back the memory of LoRAs; those under way are made anew."""
        self._checkpoints.forget_outfits()

    @property
    def is_settled(self) -> bool:
        """No weights are on their way."""
        return self._checkpoints.is_settled

    def settle(self) -> None:
        """Bring a few more of the weights that are on their way."""
        self._checkpoints.settle()

    def unload(self) -> None:
        """Give back the device's memory; what RAM beside it holds is kept for the next use."""
        self._checkpoints.unload()
        self._autoencoders.unload()
        self._upscalers.unload()
        self.faces.unload()

    def _used(self, network: Network, part: Part) -> LoadedCheckpoint:
        loaded = self._checkpoints.get(network.checkpoint)
        loaded.use(part)
        if loaded.is_lent and part != "vae":  # where a checkpoint's own leaves, so do others
            self._autoencoders.unload()
        return loaded


def _read_embedding(path: Path, _modified: int, bundled_as: str | None) -> Embedding:
    return read_embedding(path) if bundled_as is None else read_bundled(path, bundled_as)
