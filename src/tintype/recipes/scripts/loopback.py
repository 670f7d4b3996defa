"""Loopback: a picture painted over again and again."""

from dataclasses import replace

from tintype.core.orders import Recipe
from tintype.core.requests import Plan
from tintype.core.scripts import Loopback
from tintype.core.turns import loop_plan
from tintype.recipes.latents import pixels_of
from tintype.recipes.scripts.turns import file_of, init_of, repainted, repainted_unless_stopped


def loopback(plan: Plan, script: Loopback) -> Recipe:
    """Turn after turn, each with the picture before, the next seed and its own strength.

    Returns:
        the picture of every turn made (H, W, 3) uint8, the first one first.
    """
    init = init_of(plan)
    pictures = [(yield from repainted(loop_plan(plan, script, init, 0)))]
    for turn in range(1, script.loops):
        before = replace(init, picture=file_of(pictures[-1]))
        picture = yield from repainted_unless_stopped(loop_plan(plan, script, before, turn))
        if picture is None:
            break
        pictures.append(picture)
    return tuple(pixels_of(picture) for picture in pictures)
