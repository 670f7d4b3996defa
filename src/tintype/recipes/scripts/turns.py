"""What the turns of all scripts have in common."""

from collections.abc import Generator

from PIL import Image

from tintype.core.orders import Answer, Order, Stopped
from tintype.core.requests import Init, Plan
from tintype.core.scripts import (
    Loopback,
    OutpaintingMk2,
    PoorMansOutpainting,
    SdUpscale,
    tile_count,
)
from tintype.imaging import encoded, flattened, picture_from
from tintype.imaging.read import opened
from tintype.recipes.img2img import img2img
from tintype.recipes.latents import picture_of


def init_of(plan: Plan) -> Init:
    """The picture a script begins with; plans without one are refused before they get here."""
    if plan.init is None:
        raise ValueError("a script without a picture to begin with: this is a bug")
    return plan.init


def first_picture(init: Init) -> Image.Image:
    """The picture itself, RGB."""
    return flattened(picture_from(init.picture, "init_images"), init.background)


def file_of(picture: Image.Image) -> bytes:
    """A picture as the next turn is given it."""
    return encoded(picture, "png", None)


def repainted(plan: Plan) -> Generator[Order, Answer, Image.Image]:
    """The picture of one turn, without what lies beside it."""
    pictures = yield from img2img(plan)
    return picture_of(pictures[0])


def repainted_unless_stopped(plan: Plan) -> Generator[Order, Answer, Image.Image | None]:
    """The same, or None where the whole was stopped before this turn had begun."""
    try:
        return (yield from repainted(plan))
    except Stopped:
        return None


def turn_count(plan: Plan) -> int:
    """How many turns a plan takes; for poor man's outpainting, at most."""
    match plan.script:
        case None:
            return 1
        case Loopback(loops=loops):
            return loops
        case OutpaintingMk2(directions=directions):
            return len(directions)
        case SdUpscale(overlap=overlap, scale=scale):
            width, height = _size(init_of(plan))
            size = int(width * scale), int(height * scale)
        case PoorMansOutpainting(pixels=overlap) as outpainting:
            size = outpainting.grown(*_size(init_of(plan)))
    return tile_count(size, (plan.width, plan.height), overlap)


def _size(init: Init) -> tuple[int, int]:
    """Width and height in pixels; only the head of the file is read."""
    return opened(init.picture, "init_images").size
