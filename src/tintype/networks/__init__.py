"""Our own networks, named as in single-file checkpoints: load, encode text, predict, decode."""

from tintype.core.families import Family
from tintype.networks.adapters import AdapterFile, read_adapter
from tintype.networks.autoencoder import Autoencoder
from tintype.networks.company import TextKeys
from tintype.networks.embeddings import (
    Embedding,
    PlacedEmbedding,
    read_bundled,
    read_embedding,
)
from tintype.networks.identify import CheckpointConfig, identify
from tintype.networks.kept import Kept
from tintype.networks.lending import Part
from tintype.networks.loaded import LoadedCheckpoint
from tintype.networks.loading import bytes_by_part, load_checkpoint
from tintype.networks.vae_file import load_autoencoder
from tintype.networks.wearing import Outfit

__all__ = [
    "AdapterFile",
    "Autoencoder",
    "CheckpointConfig",
    "Embedding",
    "Family",
    "Kept",
    "LoadedCheckpoint",
    "Outfit",
    "Part",
    "PlacedEmbedding",
    "TextKeys",
    "bytes_by_part",
    "identify",
    "load_autoencoder",
    "load_checkpoint",
    "read_adapter",
    "read_bundled",
    "read_embedding",
]
