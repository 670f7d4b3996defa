"""LoRA and its relatives: read a file, and what layers wear of it."""

from tintype.networks.adapters.file import AdapterFile, read_adapter
from tintype.networks.adapters.fitting import Fitting, Use
from tintype.networks.adapters.layers import text_layers, unet_layers

__all__ = ["AdapterFile", "Fitting", "Use", "read_adapter", "text_layers", "unet_layers"]
