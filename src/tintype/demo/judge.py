"""Looks at a picture and says what is on it: the checker of the demo model.

It knows the palette and the outlines, nothing of how a picture was made. The background is the
colour that most of the border has; things are the connected patches of other palette colours; a
shape is the outline that overlaps a patch best. `tests/unit/demo` validates it on drawn scenes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import pi

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tintype.demo.draw import COLOURS, SHAPES, Scene, Thing, draw

Mask = NDArray[np.bool_]

SMALLEST_PATCH = 0.004  # share of the picture below which a patch is a speck, not a thing
TEMPLATE_SIDE = 48
TEMPLATE_ANGLES = tuple(turn * pi / 180 for turn in (-12, -8, -4, 0, 4, 8, 12))
LEAST_OVERLAP = 0.6  # a patch that no outline fits better is no shape at all


@dataclass(frozen=True, slots=True)
class Seen:
    """A thing found in a picture: its colour, its shape or None, and its share of the picture."""

    colour: str
    shape: str | None
    share: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a picture compares with the scene it was asked to show.

    Attributes:
        background: the border has the colour asked for.
        colours: for each thing asked for, whether something of its colour is there.
        shapes: for each thing asked for, whether something of its colour has its shape.
    """

    background: bool
    colours: tuple[bool, ...]
    shapes: tuple[bool, ...]

    @property
    def is_right(self) -> bool:
        """Everything asked for is there."""
        return self.background and all(self.colours) and all(self.shapes)


def judge(picture: Image.Image, scene: Scene) -> Verdict:
    """Compare a picture with the scene it should show; places and sizes do not count."""
    background, things = look(picture)
    right_colours = [[t for t in things if t.colour == wanted.colour] for wanted in scene.things]
    return Verdict(
        background == scene.background,
        tuple(bool(found) for found in right_colours),
        tuple(
            any(t.shape == wanted.shape for t in found)
            for found, wanted in zip(right_colours, scene.things, strict=True)
        ),
    )


def look(picture: Image.Image) -> tuple[str, list[Seen]]:
    """The background colour and the things on it, the largest first."""
    nearest = _palette_indices(picture)
    names = list(COLOURS)
    background = _most_common(_border(nearest))
    things: list[Seen] = []
    for patch in _patches(nearest != background):
        colour = _most_common(nearest[_core(patch)])
        things.append(Seen(names[colour], _shape_of(patch), float(patch.mean())))
    return names[background], sorted(things, key=lambda thing: -thing.share)


def _palette_indices(picture: Image.Image) -> NDArray[np.intp]:
    pixels = np.asarray(picture.convert("RGB"), dtype=np.float32)
    palette = np.array(list(COLOURS.values()), dtype=np.float32)
    return np.square(pixels[:, :, None] - palette).sum(axis=-1).argmin(axis=-1)


def _border(values: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.concatenate(
        [values[:3].ravel(), values[-3:].ravel(), values[:, :3].ravel(), values[:, -3:].ravel()]
    )


def _most_common(values: NDArray[np.intp]) -> int:
    return int(np.bincount(values.ravel()).argmax())


def _core(patch: Mask) -> Mask:
    """The patch without its rim, whose pixels are mixed with the background."""
    for depth in (4, 2, 1):
        inner = patch.copy()
        for axis in (0, 1):
            for shift in (-depth, depth):
                inner &= np.roll(patch, shift, axis)
        if inner.any():
            return inner
    return patch


def _patches(mask: Mask) -> Iterator[Mask]:
    """Connected patches of a mask that are large enough to be things."""
    canvas = Image.fromarray(mask.astype(np.uint8) * 255)
    while (left := np.argwhere(np.asarray(canvas) == 255)).size:
        row, column = (int(n) for n in left[0])
        ImageDraw.floodfill(canvas, (column, row), 128)
        patch = np.asarray(canvas) == 128
        canvas.paste(0, mask=Image.fromarray(patch))
        if patch.mean() >= SMALLEST_PATCH:
            yield patch


def _shape_of(patch: Mask) -> str | None:
    framed = _framed(patch)
    overlaps = {
        shape: max(_overlap(framed, template) for template in templates)
        for shape, templates in _templates().items()
    }
    best = max(overlaps, key=lambda shape: overlaps[shape])
    return best if overlaps[best] >= LEAST_OVERLAP else None


def _framed(patch: Mask) -> Mask:
    """The patch cut to its bounding square and brought to one size."""
    rows, columns = np.flatnonzero(patch.any(axis=1)), np.flatnonzero(patch.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    height, width = int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left
    side = max(height, width)
    top, left = top - (side - height) // 2, left - (side - width) // 2
    picture = Image.fromarray(patch.astype(np.uint8) * 255)
    cut = picture.crop((left, top, left + side, top + side))
    small = cut.resize((TEMPLATE_SIDE, TEMPLATE_SIDE), Image.Resampling.BOX)
    return np.asarray(small) >= 128


def _overlap(a: Mask, b: Mask) -> float:
    return float((a & b).sum() / (a | b).sum())


@cache
def _templates() -> dict[str, list[Mask]]:
    return {shape: [_template(shape, angle) for angle in TEMPLATE_ANGLES] for shape in SHAPES}


def _template(shape: str, angle: float) -> Mask:
    scene = Scene("black", (Thing("white", shape, radius=0.4, angle=angle),))
    return _framed(np.asarray(draw(scene, 192, 192).convert("L")) >= 128)
