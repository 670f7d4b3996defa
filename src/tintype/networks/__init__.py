"""Our own networks, named as in single-file checkpoints: load, encode text, predict, decode."""

from tintype.networks.adapters import AdapterFile, read_adapter
from tintype.networks.autoencoder import Autoencoder
from tintype.networks.checkpoint_file import CheckpointFile, open_checkpoint
from tintype.networks.company import TextKeys
from tintype.networks.embeddings import Embedding, PlacedEmbedding, read_embedding
from tintype.networks.identify import CheckpointConfig, Family, identify
from tintype.networks.ldm_config import LdmConfig, Prediction, parse_ldm_config, read_ldm_yaml
from tintype.networks.loaded import LoadedCheckpoint

__all__ = [
    "AdapterFile",
    "Autoencoder",
    "CheckpointConfig",
    "CheckpointFile",
    "Embedding",
    "Family",
    "LdmConfig",
    "LoadedCheckpoint",
    "PlacedEmbedding",
    "Prediction",
    "TextKeys",
    "identify",
    "open_checkpoint",
    "parse_ldm_config",
    "read_adapter",
    "read_embedding",
    "read_ldm_yaml",
]
