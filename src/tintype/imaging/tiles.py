"""One picture in overlapping tiles, and back, faded into each other where they overlap."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from PIL import Image

from tintype.errors import InvalidRequest
from tintype.imaging.resize import Size


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A piece of a picture and the place of its left upper corner, in pixels."""

    image: Image.Image
    left: int
    top: int


@dataclass(frozen=True, slots=True, eq=False)
class TileGrid:
    """A picture cut into tiles of one size.

    Attributes:
        rows: tiles from left to right, rows from top to bottom.
        size: width and height of the whole picture.
        overlap: pixels shared by neighbours, at least; so wide is the fade between them.
    """

    rows: tuple[tuple[Tile, ...], ...]
    size: Size
    overlap: int

    @property
    def tiles(self) -> tuple[Tile, ...]:
        """All tiles, row after row."""
        return tuple(tile for row in self.rows for tile in row)

    def mapped(self, change: Callable[[Tile], Image.Image]) -> "TileGrid":
        """The same grid of other pictures."""
        changed = tuple(tuple(replace(t, image=change(t)) for t in row) for row in self.rows)
        return replace(self, rows=changed)

    def enlarged(self, pictures: Sequence[Image.Image], scale: int) -> "TileGrid":
        """The grid of a picture so many times as large, its tiles given row after row."""
        each = iter(pictures)
        rows = tuple(
            tuple(Tile(next(each), scale * t.left, scale * t.top) for t in row) for row in self.rows
        )
        width, height = self.size
        return TileGrid(rows, (scale * width, scale * height), scale * self.overlap)


def split_grid(
    image: Image.Image, width: int = 512, height: int = 512, overlap: int = 64
) -> TileGrid:
    """The picture in tiles of `width` × `height` pixels, spread evenly over it.

    What a tile has beyond a picture smaller than itself is black.

    Raises:
        InvalidRequest: the overlap is not smaller than a tile.
    """
    if not 0 <= overlap < min(width, height):
        raise InvalidRequest("overlap", f"expected 0 … {min(width, height) - 1}, got {overlap}")
    lefts = _places(image.width, width, overlap)
    tops = _places(image.height, height, overlap)
    rows = tuple(
        tuple(Tile(image.crop((x, y, x + width, y + height)), x, y) for x in lefts) for y in tops
    )
    return TileGrid(rows, image.size, overlap)


def combine_grid(grid: TileGrid) -> Image.Image:
    """The picture (RGB) made of its tiles; each fades in over the last one's edge."""
    width, _ = grid.size
    whole = Image.new("RGB", grid.size)
    for number, row in enumerate(grid.rows):
        strip = Image.new("RGB", (width, row[0].image.height))
        for place, tile in enumerate(row):
            fade = _ramp(grid.overlap if place else 0, tile.image.size, is_upright=False)
            strip.paste(tile.image, (tile.left, 0), fade)
        fade = _ramp(grid.overlap if number else 0, strip.size, is_upright=True)
        whole.paste(strip, (0, row[0].top), fade)
    return whole


def _places(length: int, tile: int, overlap: int) -> list[int]:
    count = max(ceil((length - overlap) / (tile - overlap)), 1)
    distance = (length - tile) / (count - 1) if count > 1 else 0.0
    return [min(int(index * distance), length - tile) for index in range(count)]


def _ramp(overlap: int, size: Size, *, is_upright: bool) -> Image.Image:
    """From black to white over the first pixels, then white."""
    levels = np.full(size[1 if is_upright else 0], 255, np.uint8)
    levels[:overlap] = (np.arange(overlap) * 255 / max(overlap, 1)).astype(np.uint8)
    line = levels[:, None] if is_upright else levels[None, :]
    return Image.fromarray(np.ascontiguousarray(np.broadcast_to(line, size[::-1])))
