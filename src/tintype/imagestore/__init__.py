"""Finished pictures, where they are kept."""

from tintype.imagestore.disk import DiskImages

__all__ = ["DiskImages"]
