"""Pictures made larger, by a network tile by tile or without one."""

from collections.abc import Callable, Generator
from typing import TypeVar, cast

from PIL import Image
from torch import Tensor

from tintype.core.enlarging import Enlargement
from tintype.core.orders import Answer, Order, Recipe, Upscale
from tintype.core.scripts import tile_count
from tintype.core.upscalers import (
    MOST_TURNS,
    Size,
    UpscalerNetwork,
    covers,
    sizes_on_the_way,
    upscaled_size,
)
from tintype.imaging import (
    blended,
    combine_grid,
    flattened,
    picture_from,
    sharply_resized,
    split_grid,
    upscaled,
)
from tintype.imaging.read import opened
from tintype.imaging.resize import Upscale as Enlarge
from tintype.recipes.faces import restored
from tintype.recipes.latents import picture_of, pixels_in, pixels_of, planes_of

T = TypeVar("T")
Enlarging = Generator[Order, Answer, Image.Image]


def enlarged(plan: Enlargement) -> Recipe:
    """The plan's picture made larger, by one upscaler or by two whose pictures are blended.

    Then its faces are restored, where that is wanted.

    Returns:
        one picture (H, W, 3) uint8.
    """
    picture = flattened(picture_from(plan.picture, "image"))
    if plan.settings.upscaler != "None":
        picture = yield from _larger(picture, plan)
    for faces in plan.faces:
        picture = yield from restored(picture, faces)
    return (pixels_of(picture),)


def _larger(picture: Image.Image, plan: Enlargement) -> Enlarging:
    settings = plan.settings
    factor = settings.factor_for(*picture.size)
    made = [(yield from upscaled_by(picture, factor, settings.upscaler, plan.network))]
    if settings.has_second:
        name, network = settings.second_upscaler, plan.second_network
        made.append((yield from upscaled_by(picture, factor, name, network)))
    return blended(made, settings)


def upscaled_by(
    picture: Image.Image, scale: float, upscaler: str, network: UpscalerNetwork | None
) -> Enlarging:
    """The picture (RGB) made larger; "None" leaves it as it is.

    A network is asked as often as `sizes_on_the_way` has it; then Lanczos brings the sides to
    multiples of 8.

    Args:
        picture: RGB.
        scale: factor of both sides.
        upscaler: its name; looked at where there is no network.
        network: what enlarges, or None.
    """
    if network is None:
        return upscaled(picture, scale, upscaler)
    goal, turns = upscaled_size(picture.size, scale), 0
    while turns < MOST_TURNS and (not covers(picture.size, goal) or (scale == 1 and not turns)):
        before, picture = picture.size, (yield from _once(picture, network))
        turns += 1
        if picture.size == before:
            break
    return sharply_resized(picture, goal)


def fitted(
    fit: Callable[[Enlarge], T], upscaler: str, network: UpscalerNetwork | None
) -> Generator[Order, Answer, T]:
    """What `fit` makes of a picture, given a way to enlarge it.

    `fit` cannot wait for a network in the middle of its arithmetic. So it is begun once to learn
    what it wants enlarged, if anything, and again once that is there.

    Args:
        fit: asks for at most one picture, and for the same one each time.
        upscaler: as in `upscaled_by`.
        network: likewise.
    """
    try:
        return fit(_ask)
    except _Wanted as wanted:
        picture, scale = wanted.picture, wanted.scale
    larger = yield from upscaled_by(picture, scale, upscaler, network)
    return fit(lambda _picture, _scale: larger)


def expected_tiles(plan: Enlargement) -> int:
    """About how often a plan asks networks, by the scales their files tell; at least 1."""
    size = opened(plan.picture, "image").size
    factor = plan.settings.factor_for(*size)
    networks = (plan.network, plan.second_network)
    return max(1, sum(_tiles(size, factor, one) for one in networks if one is not None))


class _Wanted(Exception):  # noqa: N818 - not an error: the way out of `fit`
    """This picture is to be enlarged by that much."""

    def __init__(self, picture: Image.Image, scale: float) -> None:
        super().__init__()
        self.picture, self.scale = picture, scale


def _ask(picture: Image.Image, scale: float) -> Image.Image:
    raise _Wanted(picture, scale)


def _once(picture: Image.Image, network: UpscalerNetwork) -> Enlarging:
    """The whole picture through a network once, in tiles that fade into each other.

    Tiles are no larger than the picture, where A1111 would show the network black beyond its edge.
    """
    width, height = _tile_size(picture.size, network)
    grid = split_grid(picture, width, height, _overlap((width, height), network))
    made: list[Image.Image] = []
    for tile in grid.tiles:
        answer = yield Upscale(network.record, planes_of(pixels_of(tile.image)))
        made.append(picture_of(pixels_in(cast(Tensor, answer))))
    scale = made[0].width // width
    return combine_grid(grid.enlarged(made, scale))


def _tile_size(size: Size, network: UpscalerNetwork) -> Size:
    tile = network.tile or max(size)
    return min(tile, size[0]), min(tile, size[1])


def _overlap(tile: Size, network: UpscalerNetwork) -> int:
    return min(network.overlap, min(tile) - 1)


def _tiles(size: Size, factor: float, network: UpscalerNetwork) -> int:
    seen = sizes_on_the_way(size, factor, network.record.scale)[:-1]
    tiles = [_tile_size(one, network) for one in seen]
    return sum(
        tile_count(one, tile, _overlap(tile, network))
        for one, tile in zip(seen, tiles, strict=True)
    )
