"""Model files on disk: find them, name them, hash them; never their weights."""

from tintype.modelstore.folders import checkpoint_folder
from tintype.modelstore.store import ModelStore

__all__ = ["ModelStore", "checkpoint_folder"]
