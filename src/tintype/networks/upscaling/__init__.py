"""Networks that make pictures larger: the ESRGAN family, and others where spandrel is there."""

from tintype.networks.upscaling.enlarger import Enlarger
from tintype.networks.upscaling.file import load_enlarger

__all__ = ["Enlarger", "load_enlarger"]
