"""From a plan to a generator of orders; nothing here calls a network."""

from tintype.recipes.txt2img import txt2img

__all__ = ["txt2img"]
