"""Recipes of several img2img turns, each beginning with what another made."""

from tintype.core.orders import Recipe
from tintype.core.requests import Plan
from tintype.core.scripts import (
    Loopback,
    OutpaintingMk2,
    PoorMansOutpainting,
    Script,
    SdUpscale,
)
from tintype.recipes.scripts.loopback import loopback
from tintype.recipes.scripts.outpainting import outpainting_mk2, poor_mans_outpainting
from tintype.recipes.scripts.sd_upscale import sd_upscale
from tintype.recipes.scripts.turns import turn_count

__all__ = [
    "loopback",
    "outpainting_mk2",
    "poor_mans_outpainting",
    "scripted",
    "sd_upscale",
    "turn_count",
]


def scripted(plan: Plan, script: Script) -> Recipe:
    """What the script makes of the plan: one picture, or for loopback one for each turn."""
    match script:
        case Loopback():
            return loopback(plan, script)
        case SdUpscale():
            return sd_upscale(plan, script)
        case PoorMansOutpainting():
            return poor_mans_outpainting(plan, script)
        case OutpaintingMk2():
            return outpainting_mk2(plan, script)
