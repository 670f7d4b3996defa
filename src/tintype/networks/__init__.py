"""Our own networks, named as in single-file checkpoints: load, encode text, predict, decode."""

from tintype.networks.checkpoint_file import CheckpointFile, open_checkpoint
from tintype.networks.identify import CheckpointConfig, Family, identify
from tintype.networks.ldm_config import LdmConfig, Prediction, parse_ldm_config, read_ldm_yaml
from tintype.networks.loaded import LoadedCheckpoint

__all__ = [
    "CheckpointConfig",
    "CheckpointFile",
    "Family",
    "LdmConfig",
    "LoadedCheckpoint",
    "Prediction",
    "identify",
    "open_checkpoint",
    "parse_ldm_config",
    "read_ldm_yaml",
]
