"""Outpainting: going on beyond the edges of a picture."""

from dataclasses import replace

from PIL import Image

from tintype.core.orders import Recipe
from tintype.core.requests import Init, Plan
from tintype.core.scripts import OutpaintingMk2, PoorMansOutpainting
from tintype.core.turns import turn_plan
from tintype.imaging.outpaint import (
    DIRECTIONS,
    Direction,
    Work,
    mk2_extension,
    poor_mans_canvas,
    poor_mans_result,
    poor_mans_work,
)
from tintype.recipes.latents import pixels_of
from tintype.recipes.scripts.turns import (
    file_of,
    first_picture,
    init_of,
    repainted,
    repainted_unless_stopped,
)


def poor_mans_outpainting(plan: Plan, script: PoorMansOutpainting) -> Recipe:
    """The picture on a larger sheet, and the tiles of its margin painted, each with the next seed.

    Returns:
        one picture (H, W, 3) uint8.
    """
    init = init_of(plan)
    picture = first_picture(init)
    canvas = poor_mans_canvas(picture, script.directions, script.pixels, script.mask_blur)
    grid, works = poor_mans_work(canvas, (plan.width, plan.height), script.pixels)
    painted: dict[int, Image.Image] = {}
    for turn, work in enumerate(works):
        before = turn - 1 if turn else None
        paint = repainted_unless_stopped if painted else repainted
        picture = yield from paint(turn_plan(plan, _with_work(init, work), turn, before))
        painted[work.place] = picture or work.image
    return (pixels_of(poor_mans_result(grid, painted)),)


def outpainting_mk2(plan: Plan, script: OutpaintingMk2) -> Recipe:
    """One side of the picture after another, all with one seed.

    Returns:
        one picture (H, W, 3) uint8.
    """
    init = init_of(plan)
    picture = first_picture(init)
    before: int | None = None
    directions: list[Direction] = [side for side in DIRECTIONS if side in script.directions]
    for direction in directions:
        extension = mk2_extension(
            picture,
            direction,
            script.pixels,
            script.mask_blur,
            (plan.width, plan.height),
            noise_q=script.noise_q,
            colour_variation=script.colour_variation,
        )
        work = extension.work
        turn = turn_plan(plan, _with_work(init, work), 0, before)
        turn = replace(turn, width=work.image.width, height=work.image.height)
        paint = repainted if before is None else repainted_unless_stopped
        painted = yield from paint(turn)
        if painted is None:
            break
        picture = extension.finished(painted)
        before = 0
    return (pixels_of(picture),)


def _with_work(init: Init, work: Work) -> Init:
    latent_mask = None if work.latent_mask is None else file_of(work.latent_mask.convert("RGB"))
    return replace(
        init,
        picture=file_of(work.image),
        mask=file_of(work.mask.convert("RGB")),
        latent_mask=latent_mask,
    )
