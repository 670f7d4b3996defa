"""Masks: what is repainted (white) and what is kept (black), and how the two meet.

The order of the steps, and every rounding in them, is A1111's.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFilter, ImageOps

from tintype.imaging.resize import resized

Box = tuple[int, int, int, int]

_FILL_BLURS = ((256, 1), (64, 1), (16, 2), (4, 4), (2, 2), (0, 1))
"""(radius in pixels, how often it is laid over the last): far colours first, near ones on top."""


def mask_from(image: Image.Image, *, rounds: bool) -> Image.Image:
    """The mask (L) in a picture: its alpha if any of it is transparent, otherwise its brightness.

    Args:
        rounds: alpha above 128 becomes 255, the rest 0; brightness stays as it is.
    """
    if image.mode != "RGBA" or image.getextrema()[-1] == (255, 255):
        return image.convert("L")
    alpha = image.getchannel("A")
    return alpha.point([255 * (level > 128) for level in range(256)]) if rounds else alpha


def inverted(mask: Image.Image) -> Image.Image:
    """White where the mask is black."""
    return ImageOps.invert(mask)


def blurred(mask: Image.Image, x: int, y: int) -> Image.Image:
    """The mask (L) under a Gaussian blur, along rows first.

    Equal to OpenCV's `GaussianBlur` on bytes: taps are 256ths, and the picture is mirrored at its
    border without repeating the outermost pixel.

    Args:
        x: standard deviation along rows, in pixels; 0 or less for none.
        y: the same along columns.
    """
    levels = np.asarray(mask)
    if x > 0:
        levels = _blurred_rows(levels, x)
    if y > 0:
        levels = _blurred_rows(levels.T, y).T
    return Image.fromarray(levels)


def crop_box(mask: Image.Image, padding: int, width: int, height: int) -> Box | None:
    """The part of a mask (L) that is worked on alone, or None if the mask is all black.

    The box around all that is not black, `padding` pixels larger on every side, then made longer
    in one direction to the shape of `width` × `height` and moved to lie inside the mask.

    Returns:
        left, top, right, bottom in pixels of the mask; the last two stand outside the box.
    """
    box = mask.getbbox()
    if box is None:
        return None
    left, right = max(box[0] - padding, 0), min(box[2] + padding, mask.width)
    top, bottom = max(box[1] - padding, 0), min(box[3] + padding, mask.height)
    if (right - left) / (bottom - top) > width / height:
        length = int((right - left) / (width / height))
        top, bottom = _lengthened(top, bottom, length, mask.height)
    else:
        length = int((bottom - top) * (width / height))
        left, right = _lengthened(left, right, length, mask.width)
    return left, top, right, bottom


def mask_for_overlay(mask: Image.Image) -> Image.Image:
    """The mask (L) at twice its strength: where the blur reaches half, all is repainted."""
    return mask.point([min(2 * level, 255) for level in range(256)])


def latent_mask(mask: Image.Image, width: int, height: int, *, rounds: bool) -> NDArray[np.float32]:
    """How far each latent cell is repainted: (height, width), 0 … 1.

    Args:
        mask: L, of any size.
        width: of the latent, in cells.
        height: of the latent, in cells.
        rounds: 0 or 1, nothing between; a half becomes 0.
    """
    small = mask.convert("RGB").resize((width, height)).getchannel(0)
    share = np.asarray(small, dtype=np.float32) / np.float32(255)
    return np.round(share) if rounds else share


def filled(image: Image.Image, mask: Image.Image) -> Image.Image:
    """The picture (RGB) with the colours around the mask (L, same size) run into it."""
    kept = _kept(image, mask)
    canvas = Image.new("RGBA", image.size)
    for radius, repeats in _FILL_BLURS:
        layer = kept.filter(ImageFilter.GaussianBlur(radius)).convert("RGBA")
        for _ in range(repeats):
            canvas.alpha_composite(layer)
    return canvas.convert("RGB")


def overlay_of(image: Image.Image, mask: Image.Image) -> Image.Image:
    """What is laid over the result (RGBA): the picture, transparent where the mask (L) is white."""
    return _kept(image, mask).convert("RGBA")


def composited(
    generated: Image.Image, overlay: Image.Image, paste_to: Box | None = None
) -> Image.Image:
    """The generated picture (RGB) under its overlay (RGBA), so what was kept has its old bytes.

    Args:
        paste_to: left, top, width, height of the generated picture in the overlay, or None if
            they are of one size.
    """
    canvas = generated.convert("RGBA")
    if paste_to is not None:
        left, top, width, height = paste_to
        canvas = Image.new("RGBA", overlay.size)
        canvas.paste(resized(generated, width, height, 1), (left, top))
    return Image.alpha_composite(canvas, overlay).convert("RGB")


def mask_picture(mask: Image.Image) -> Image.Image:
    """The mask as A1111's option `return_mask` shows it: RGB."""
    return mask.convert("RGB")


def mask_composite(generated: Image.Image, mask: Image.Image) -> Image.Image:
    """The repainted part alone (RGBA), as A1111's option `return_mask_composite` shows it."""
    alpha = resized(mask, generated.width, generated.height, 2).convert("L")
    return _kept(generated, ImageChops.invert(alpha)).convert("RGBA")


def _kept(image: Image.Image, mask: Image.Image) -> Image.Image:
    """The picture where the mask is black, premultiplied with its alpha."""
    canvas = Image.new("RGBa", image.size)
    canvas.paste(image.convert("RGBA").convert("RGBa"), mask=ImageOps.invert(mask.convert("L")))
    return canvas


def _lengthened(start: int, stop: int, length: int, limit: int) -> tuple[int, int]:
    """A stretch grown evenly to `length`, inside 0 … `limit` as far as it fits."""
    more = length - (stop - start)
    start, stop = start - more // 2, stop + more - more // 2
    excess = max(stop - limit, 0)
    start, stop = start - excess, stop - excess
    lack = max(-start, 0)
    return start + lack, min(stop + lack, limit)


def _blurred_rows(levels: NDArray[Any], sigma: float) -> NDArray[np.uint8]:
    taps = _gaussian_taps(sigma)
    reach = len(taps) // 2
    padded = np.pad(levels, ((0, 0), (reach, reach)), mode="reflect").astype(np.uint16)
    # All taps together make 256, so the sum of bytes stays below 2 ** 16.
    total = np.full(levels.shape, 128, np.uint16)
    for place, tap in enumerate(taps):
        if tap:
            total += np.uint16(tap) * padded[:, place : place + levels.shape[1]]
    return (total >> 8).astype(np.uint8)


def _gaussian_taps(sigma: float) -> list[int]:
    """256ths; what rounding takes from a tap is given to the next, and the middle has the rest."""
    reach = int(2.5 * sigma + 0.5)
    curve = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    half: list[int] = []
    error = 0.0
    for exact in (256 * curve / curve.sum())[:reach]:
        half.append(round(float(exact) + error))
        error += float(exact) - half[-1]
    return [*half, 256 - 2 * sum(half), *reversed(half)]
