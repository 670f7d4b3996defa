"""Giving a picture the colours of another while its light stays its own."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.imaging.lab import Bytes, Real, lab_from_rgb, rgb_from_lab

_LUMA = np.array([0.299, 0.587, 0.114])
_DUST = 1e-9  # what floating point leaves of a channel that stands exactly at 0 or 1


def matched_colours(generated: Image.Image, target: Image.Image) -> Image.Image:
    """The generated picture (RGB) with the colours of the target, as A1111 corrects colours.

    In LAB every channel gets the target's histogram; of the outcome the hues are kept, of the
    generated picture the luma. The two may differ in size.
    """
    pixels = np.asarray(generated.convert("RGB"))
    theirs = lab_from_rgb(np.asarray(target.convert("RGB")))
    matched = rgb_from_lab(matched_histograms(lab_from_rgb(pixels), theirs))
    blended = with_luma_of(matched / 255, pixels / 255)
    return Image.fromarray((255 * blended).clip(0, 255).astype(np.uint8))


def matched_histograms(source: Bytes, target: Bytes) -> Bytes:
    """Each channel of `source` (H, W, C) with the distribution of values it has in `target`.

    Values between two levels are cut off, as scikit-image does when it fills an array of bytes.
    """
    channels = range(source.shape[-1])
    matched = [_matched_channel(source[..., c], target[..., c]) for c in channels]
    return np.stack(matched, axis=-1)


def with_luma_of(colours: Real, light: Real) -> Real:
    """The hues of `colours` at the luma of `light`, both (H, W, 3) in 0 … 1.

    Channels that fall outside are drawn towards the luma until they fit.

    Source: W3C Compositing and Blending Level 1, section 10.2, blend mode "luminosity", with the
    luma weights of Rec. 601.
    """
    moved = colours + (_luma(light) - _luma(colours))
    luma = _luma(moved)
    lowest, highest = moved.min(-1, keepdims=True), moved.max(-1, keepdims=True)
    under, over = lowest < -_DUST, highest > 1 + _DUST
    shrink_low = np.divide(luma, luma - lowest, out=np.ones_like(luma), where=under)
    shrink_high = np.divide(1 - luma, highest - luma, out=np.ones_like(luma), where=over)
    return luma + (moved - luma) * shrink_low * shrink_high


def _luma(colours: Real) -> Real:
    return (colours * _LUMA).sum(-1, keepdims=True)


def _matched_channel(source: Bytes, target: Bytes) -> Bytes:
    counts: NDArray[np.int64] = np.bincount(target.ravel(), minlength=256)
    levels = np.flatnonzero(counts)
    shares = np.cumsum(counts[levels]) / target.size
    own_shares = np.cumsum(np.bincount(source.ravel(), minlength=256)) / source.size
    return np.interp(own_shares, shares, levels).astype(np.uint8)[source]
