"""From a plan to a generator of orders; nothing here calls a network."""

from tintype.recipes.img2img import img2img
from tintype.recipes.picture import expected_calls, glanced, painted
from tintype.recipes.txt2img import txt2img

__all__ = ["expected_calls", "glanced", "img2img", "painted", "txt2img"]
