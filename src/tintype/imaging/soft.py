"""Soft inpainting: a mask with shades, whose half repainted parts keep their contrast.

Two things are done. While sampling, what was and what is being painted are blended by how deep a
cell lies in the mask, and by the noise level: early, half masked cells keep more of the old
picture (`soft_blend`). Afterwards what is pasted back is chosen by how far each cell has moved,
not by the mask alone (`repainted_share`, `overlay_mask`); the sampled latent is decoded as it is,
not blended once more.
"""

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from tintype.core.mask_settings import SoftInpainting
from tintype.imaging.masks import Box
from tintype.imaging.resize import Size, resized

if TYPE_CHECKING:
    from torch import Tensor

Real = NDArray[np.float64]
Latent = TypeVar("Latent", NDArray[np.float64], "Tensor")

_TINY = 1e-5
_REACH = 2  # cells: windows are 5 × 5
# Cells: standard deviation of a window's weights. Fitted to a picture recorded from A1111 1.8.0,
# which then differs by up to 6 levels in its corners and by 0.3 on average.
_SPREAD = 0.855
_OVERLAY_BLUR = 4  # pixels


def soft_blend(
    original: Latent, denoised: Latent, paint: Latent, sigma: float, settings: SoftInpainting
) -> Latent:
    """The old latent and its newest estimate, blended with their contrast kept.

    A plain average of two unlike latents is paler than either. This one is stretched until its
    length over the channels lies between theirs.

    Args:
        original: (C, h, w), an array or a torch tensor of 32 or 64 bits, as the next two.
        denoised: (C, h, w).
        paint: (h, w), 0 keep … 1 repaint.
        sigma: noise level; high ones hold on to the original.

    Returns:
        (C, h, w), of the kind that came in.
    """
    share = paint ** (sigma**settings.schedule_bias * settings.preservation_strength)
    blended = original * (1 - share) + denoised * share
    power = settings.transition_contrast_boost
    wanted = _length(original) ** power * (1 - share) + _length(denoised) ** power * share
    return blended * (wanted ** (1 / power) / (_length(blended) + _TINY))


def repainted_share(
    original: NDArray[Any], painted: NDArray[Any], paint: NDArray[Any], settings: SoftInpainting
) -> NDArray[np.float32]:
    """How far each cell counts as repainted after sampling: (h, w), 0 … 1.

    The distance a cell has moved is widened to its neighbours and then smoothed; both by averages
    over a part of the ranks in a window of 5 × 5 cells.

    Args:
        original: (C, h, w) the latent that was encoded.
        painted: (C, h, w) the latent that came out.
        paint: (h, w), 0 keep … 1 repaint; has a say as far as `mask_influence` goes.
    """
    moved = _length(np.asarray(painted, np.float64) - np.asarray(original, np.float64))
    moved = _ranked_average(_ranked_average(moved, 0.9, 1.0), 0.25, 0.75)
    influence = settings.mask_influence
    patience = 1 - influence * np.asarray(paint, np.float64)
    unit = np.maximum(settings.difference_threshold * patience, _TINY)
    likeness = 1 / (1 + (moved / unit) ** settings.difference_contrast)
    return (1 - _smootherstep(likeness)).astype(np.float32)


def overlay_mask(
    share: NDArray[np.float32], size: Size, paste_to: Box | None = None, whole: Size | None = None
) -> Image.Image:
    """The share as a mask (L) for `overlay_of`, with soft edges.

    Args:
        share: (h, w), 0 … 1.
        size: of the picture that was painted, in pixels.
        paste_to: left, top, width, height of that picture in the whole one, where it is a part.
        whole: size of the whole picture; needed with `paste_to`.
    """
    levels = Image.fromarray((share * 255).clip(0, 255).astype(np.uint8))
    mask = resized(levels, *size, 2).convert("L").filter(ImageFilter.GaussianBlur(_OVERLAY_BLUR))
    if paste_to is None or whole is None:
        return mask
    left, top, width, height = paste_to
    canvas = Image.new("L", whole)
    canvas.paste(resized(mask, width, height, 1).convert("L"), (left, top))
    return canvas


def _length(latent: Latent) -> Latent:
    """(C, h, w) to (h, w)."""
    squares: Any = latent * latent  # NumPy says Any of a sum
    return squares.sum(0) ** 0.5


def _smootherstep(x: Real) -> Real:
    """0 … 1 to 0 … 1 with flat ends. Source: Perlin 2002, "Improving Noise"."""
    return x**3 * (x * (6 * x - 15) + 10)


def _ranked_average(values: Real, start: float, stop: float) -> Real:
    """Each cell's average over its window, of those between two shares of the weighted ranks."""
    windows, weights = _windows(values)
    order = np.argsort(windows, axis=0)
    windows = np.take_along_axis(windows, order, axis=0)
    weights = np.take_along_axis(weights, order, axis=0)
    above = np.cumsum(weights, axis=0) / weights.sum(0)
    below = np.concatenate([np.zeros_like(above[:1]), above[:-1]])
    inside = np.clip(np.minimum(above, stop) - np.maximum(below, start), 0, None)
    return (windows * inside).sum(0) / inside.sum(0)


def _windows(values: Real) -> tuple[Real, Real]:
    """(25, h, w) neighbours and their weights, 0 where a window leaves the picture."""
    height, width = values.shape
    padded, inside = np.pad(values, _REACH), np.pad(np.ones_like(values), _REACH)
    offsets = [(y, x) for y in range(2 * _REACH + 1) for x in range(2 * _REACH + 1)]
    neighbours = [padded[y : y + height, x : x + width] for y, x in offsets]
    weights = [inside[y : y + height, x : x + width] * _weight(y, x) for y, x in offsets]
    return np.stack(neighbours), np.stack(weights)


def _weight(y: int, x: int) -> float:
    distance = (y - _REACH) ** 2 + (x - _REACH) ** 2
    return float(np.exp(-distance / (2 * _SPREAD**2)))
