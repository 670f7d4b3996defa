"""The settings of one process, from flags and environment; nothing else reads the environment."""

from tintype.settings.model_folders import DEMO_TREE
from tintype.settings.reading import Settings, prepare_data_folder, read_settings

__all__ = ["DEMO_TREE", "Settings", "prepare_data_folder", "read_settings"]
