"""SD upscale: a picture larger than the network likes, in tiles of the size it likes."""

from dataclasses import replace

from PIL import Image

from tintype.core.orders import Recipe
from tintype.core.requests import Plan
from tintype.core.scripts import SdUpscale
from tintype.core.turns import turn_plan
from tintype.imaging import Tile, combine_grid, split_grid
from tintype.recipes.enlarging import upscaled_by
from tintype.recipes.latents import pixels_of
from tintype.recipes.scripts.turns import (
    file_of,
    first_picture,
    init_of,
    repainted,
    repainted_unless_stopped,
)


def sd_upscale(plan: Plan, script: SdUpscale) -> Recipe:
    """The picture enlarged, and every tile of it repainted, left to right and down.

    Once stopped, the tiles that are left stay as they are.

    Returns:
        one picture (H, W, 3) uint8.
    """
    init = init_of(plan)
    picture = first_picture(init)
    larger = yield from upscaled_by(picture, script.scale, script.upscaler, script.enlarger)
    grid = split_grid(larger, plan.width, plan.height, script.overlap)
    painted: dict[tuple[int, int], Image.Image] = {}
    before: int | None = None
    for number, tile in enumerate(grid.tiles):
        offset = script.seed_offset(number)
        turn = turn_plan(plan, replace(init, picture=file_of(tile.image)), offset, before)
        paint = repainted_unless_stopped if painted else repainted
        painted[_place(tile)] = (yield from paint(turn)) or tile.image
        before = offset
    return (pixels_of(combine_grid(grid.mapped(lambda tile: painted[_place(tile)]))),)


def _place(tile: Tile) -> tuple[int, int]:
    return tile.left, tile.top
