"""The geometry of outpainting: canvases larger than a picture, and what is painted on them where.

Two ways of A1111 are here. "Poor man's outpainting" lays the picture on a black canvas and paints
in overlapping tiles. "Outpainting mk2" extends one side after another and begins from noise that
has the colours and grain of the picture, see `matched_noise`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Literal

from PIL import Image, ImageDraw

from tintype.imaging.masks import Box
from tintype.imaging.matched_noise import matched_noise
from tintype.imaging.resize import Size
from tintype.imaging.tiles import TileGrid, combine_grid, split_grid

Direction = Literal["left", "right", "up", "down"]
DIRECTIONS: tuple[Direction, ...] = ("left", "right", "up", "down")
"""The order in which mk2 extends a picture."""

_STEP = 64  # pixels: sides of canvases are multiples of it


@dataclass(frozen=True, slots=True)
class Margins:
    """What is added on each side, in pixels."""

    left: int = 0
    right: int = 0
    up: int = 0
    down: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """A picture on a larger sheet.

    Attributes:
        image: RGB, black around the picture.
        mask: L, white where to paint: around the picture and a little into it.
        latent_mask: the same for the latent, further out.
        margins: how far the sheet goes beyond the picture.
    """

    image: Image.Image
    mask: Image.Image
    latent_mask: Image.Image
    margins: Margins


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """One piece to be inpainted, with `fill` as the caller was told.

    Attributes:
        image: RGB.
        mask: L, of the same size.
        latent_mask: L, to be used as it is in the latent, or None for the mask.
        place: number of the tile among `TileGrid.tiles`; or 0.
    """

    image: Image.Image
    mask: Image.Image
    latent_mask: Image.Image | None = None
    place: int = 0


def poor_mans_canvas(
    image: Image.Image, directions: Collection[Direction], pixels: int, mask_blur: int
) -> Canvas:
    """The canvas of "Poor man's outpainting".

    The mask is meant to be blurred by twice `mask_blur`.

    Args:
        image: RGB.
        directions: sides to extend, each by `pixels` and what it takes to the next multiple of 64.
        pixels: at least 1.
        mask_blur: how far the mask reaches into the picture (twice that) and the latent mask (half
            of that), in pixels.
    """
    margins = _margins(image.size, directions, pixels)
    size = (
        image.width + margins.left + margins.right,
        image.height + margins.up + margins.down,
    )
    sheet = Image.new("RGB", size)
    sheet.paste(image, (margins.left, margins.up))
    mask = _frame(size, margins, mask_blur * 2)
    return Canvas(sheet, mask, _frame(size, margins, mask_blur // 2), margins)


def poor_mans_work(canvas: Canvas, size: Size, overlap: int) -> tuple[TileGrid, tuple[Work, ...]]:
    """The canvas in tiles, and the work on those that are not all picture.

    Args:
        size: of a tile, in pixels.
        overlap: pixels that neighbours share, at least.

    Raises:
        InvalidRequest: the overlap is not smaller than a tile.
    """
    grid, masks, latent_masks = (
        split_grid(sheet, *size, overlap)
        for sheet in (canvas.image, canvas.mask, canvas.latent_mask)
    )
    triples = zip(grid.tiles, masks.tiles, latent_masks.tiles, strict=True)
    work = tuple(
        Work(tile.image, mask.image, latent.image, place)
        for place, (tile, mask, latent) in enumerate(triples)
        if not _is_all_picture(canvas, (tile.left, tile.top), size)
    )
    return grid, work


def poor_mans_result(grid: TileGrid, painted: Mapping[int, Image.Image]) -> Image.Image:
    """The canvas with the painted tiles, by their place, in it."""
    places = {id(tile): place for place, tile in enumerate(grid.tiles)}
    return combine_grid(grid.mapped(lambda tile: painted.get(places[id(tile)], tile.image)))


@dataclass(frozen=True, slots=True, eq=False)
class Extension:
    """A picture about to grow on one side.

    Attributes:
        canvas: RGB, with shaped noise where the picture will go on.
        work: the part of the canvas that is inpainted, to begin from what is there (fill 1).
        box: left, top, right, bottom of that part in the canvas.
    """

    canvas: Image.Image
    work: Work
    box: Box

    def finished(self, painted: Image.Image) -> Image.Image:
        """The canvas with the painted part in it."""
        size = (self.box[2] - self.box[0], self.box[3] - self.box[1])
        canvas = self.canvas.copy()
        canvas.paste(painted if painted.size == size else painted.resize(size), self.box[:2])
        return canvas


def mk2_extension(
    image: Image.Image,
    direction: Direction,
    pixels: int,
    mask_blur: int,
    size: Size,
    *,
    noise_q: float = 1.0,
    colour_variation: float = 0.05,
) -> Extension:
    """One side of "Outpainting mk2".

    The mask is meant to be blurred by four times `mask_blur`. The noise is ours, so pictures are
    alike, not equal, to A1111's.

    Args:
        image: RGB.
        direction: the side to extend, by `pixels` and what it takes to the next multiple of 64.
        pixels: at least 1.
        mask_blur: how far the mask reaches into the picture, in pixels.
        size: how much is painted at once: as many pixels in the direction of growth, or all there
            are; across it, the whole side.
        noise_q: see `matched_noise`.
        colour_variation: see `matched_noise`.
    """
    margins = _margins(image.size, [direction], pixels)
    plain = poor_mans_canvas(image, [direction], pixels, 0).image
    unknown = Image.new("L", plain.size, 255)
    unknown.paste(0, (margins.left, margins.up, *_far_corner(image, margins)))
    canvas = matched_noise(plain, unknown, noise_q, colour_variation)
    box = _near_edge(canvas.size, direction, size)
    mask = _frame(canvas.size, margins, mask_blur)
    return Extension(canvas, Work(canvas.crop(box), mask.crop(box)), box)


def _margins(size: Size, directions: Collection[Direction], pixels: int) -> Margins:
    wide = [pixels * (side in directions) for side in ("left", "right")]
    high = [pixels * (side in directions) for side in ("up", "down")]
    left, right = _rounded_up(size[0], *wide)
    up, down = _rounded_up(size[1], *high)
    return Margins(left, right, up, down)


def _far_corner(image: Image.Image, margins: Margins) -> Size:
    return margins.left + image.width, margins.up + image.height


def _rounded_up(length: int, before: int, after: int) -> tuple[int, int]:
    """Two margins that fill the next multiple of 64, in their proportion."""
    if before + after == 0:
        return 0, 0
    more = ceil((length + before + after) / _STEP) * _STEP - length
    before = before * more // (before + after)
    return before, more - before


def _frame(size: Size, margins: Margins, inset: int) -> Image.Image:
    """White (L) around the picture and `inset` pixels into it, on the sides that grow.

    A1111's habit: Pillow's rectangles contain their last row and column, so right and below the
    frame stands one pixel further out.
    """
    mask = Image.new("L", size, 255)
    right = size[0] - margins.right - inset * (margins.right > 0)
    down = size[1] - margins.down - inset * (margins.down > 0)
    left = margins.left + inset * (margins.left > 0)
    up = margins.up + inset * (margins.up > 0)
    if right >= left and down >= up:
        ImageDraw.Draw(mask).rectangle((left, up, right, down), fill=0)
    return mask


def _is_all_picture(canvas: Canvas, corner: tuple[int, int], size: Size) -> bool:
    margins = canvas.margins
    return (
        corner[0] >= margins.left
        and corner[1] >= margins.up
        and corner[0] + size[0] <= canvas.image.width - margins.right
        and corner[1] + size[1] <= canvas.image.height - margins.down
    )


def _near_edge(canvas: Size, direction: Direction, size: Size) -> Box:
    width, height = canvas
    match direction:
        case "left":
            return 0, 0, min(size[0], width), height
        case "right":
            return max(width - size[0], 0), 0, width, height
        case "up":
            return 0, 0, width, min(size[1], height)
        case "down":
            return 0, max(height - size[1], 0), width, height
