"""The settings of one process, from flags and environment; nothing else reads the environment."""

from tintype.settings.reading import DEMO_TREE, Settings, prepare_data_folder, read_settings

__all__ = ["DEMO_TREE", "Settings", "prepare_data_folder", "read_settings"]
