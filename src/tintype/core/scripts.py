"""Scripts that feed pictures back: what each is told, and what it makes of a plan.

A1111 calls them scripts; they are recipes of several img2img turns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, cos, pi, sin
from typing import Literal

from tintype.core.upscalers import UpscalerNetwork

Curve = Literal["Aggressive", "Linear", "Lazy"]
Direction = Literal["left", "right", "up", "down"]


@dataclass(frozen=True, slots=True)
class Loopback:
    """Every turn begins with the picture of the one before.

    Attributes:
        loops: how many turns, at least 1.
        final_strength: denoising strength of the last turn, 0 … 1.
        curve: how the strength gets there from the first turn's.
    """

    loops: int
    final_strength: float
    curve: Curve = "Linear"

    def strength(self, first: float, turn: int) -> float:
        """Denoising strength of a turn, counted from 0; A1111 works out one more than it uses."""
        if self.loops == 1:
            return first
        progress = turn / (self.loops - 1)
        match self.curve:
            case "Aggressive":
                progress = sin(progress * pi / 2)
            case "Lazy":
                progress = 1 - cos(progress * pi / 2)
            case "Linear":
                pass
        return first + (self.final_strength - first) * progress


@dataclass(frozen=True, slots=True)
class SdUpscale:
    """The picture is enlarged, cut into tiles of the plan's size, and each tile repainted.

    Attributes:
        overlap: pixels that neighbouring tiles share, at least.
        upscaler: its name.
        scale: factor of both sides.
        batch_size: tiles A1111 would repaint at once; seeds go by it.
        enlarger: the upscaler's network; None for one that needs none, and until it is planned.
    """

    overlap: int
    upscaler: str
    scale: float
    batch_size: int = 1
    enlarger: UpscalerNetwork | None = None

    def seed_offset(self, tile: int) -> int:
        """What a tile adds to the seed: batches begin one apart, and count up within."""
        return tile // self.batch_size + tile % self.batch_size


@dataclass(frozen=True, slots=True)
class PoorMansOutpainting:
    """The picture is laid on a larger black sheet, and tiles of the sheet's margin are painted.

    Attributes:
        pixels: added on each side, at least.
        mask_blur: half of what the mask is blurred by, in pixels.
        directions: sides that grow.
        states_fill: infotext says what the margin was filled with first.
    """

    pixels: int
    mask_blur: int
    directions: tuple[Direction, ...]
    states_fill: bool = True

    def grown(self, width: int, height: int) -> tuple[int, int]:
        """The size of the sheet, in pixels: sides that grow are multiples of 64."""
        across = self.pixels * sum(side in self.directions for side in ("left", "right"))
        along = self.pixels * sum(side in self.directions for side in ("up", "down"))
        return _whole_steps(width, across), _whole_steps(height, along)


@dataclass(frozen=True, slots=True)
class OutpaintingMk2:
    """One side after another grows, beginning with noise that looks like the picture.

    Attributes:
        pixels: added on each side, at least.
        mask_blur: how far the mask reaches into the picture, in pixels.
        directions: sides that grow.
        noise_q: exponent of the noise's spectrum; lower is finer.
        colour_variation: 0 for grey noise, 1 for channels of their own.
    """

    pixels: int
    mask_blur: int
    directions: tuple[Direction, ...]
    noise_q: float = 1.0
    colour_variation: float = 0.05


def _whole_steps(length: int, more: int) -> int:
    return ceil((length + more) / 64) * 64 if more else length


Script = Loopback | SdUpscale | PoorMansOutpainting | OutpaintingMk2


def tile_count(size: Sequence[int], tile: Sequence[int], overlap: int) -> int:
    """How many tiles cover a picture; sizes are (width, height) in pixels."""
    columns, rows = (
        max(ceil((whole - overlap) / (part - overlap)), 1)
        for whole, part in zip(size, tile, strict=True)
    )
    return columns * rows
