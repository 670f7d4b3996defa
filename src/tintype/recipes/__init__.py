"""From a plan to a generator of orders; nothing here calls a network."""

from tintype.recipes.enlarging import enlarged
from tintype.recipes.img2img import img2img
from tintype.recipes.picture import (
    expected_calls,
    expected_steps,
    glanced,
    is_step,
    painted,
    recipe_of,
)
from tintype.recipes.txt2img import txt2img

__all__ = [
    "enlarged",
    "expected_calls",
    "expected_steps",
    "glanced",
    "img2img",
    "is_step",
    "painted",
    "recipe_of",
    "txt2img",
]
