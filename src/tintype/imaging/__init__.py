"""Pixels to files and back."""

from tintype.imaging.png import encode_png
from tintype.imaging.png_text import read_png_infotext

__all__ = ["encode_png", "read_png_infotext"]
