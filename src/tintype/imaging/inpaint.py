"""Everything img2img wants to know about its picture and its mask, worked out before it begins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.core.mask_settings import MaskSettings
from tintype.imaging.masks import (
    Box,
    blurred,
    crop_box,
    filled,
    inverted,
    latent_mask,
    mask_for_overlay,
    mask_from,
    overlay_of,
)
from tintype.imaging.read import flattened
from tintype.imaging.resize import ResizeMode, Size, Upscale, resized

_CELL = 8  # pixels of a latent cell's side


@dataclass(frozen=True, slots=True, eq=False)
class Masking:
    """What is repainted, in every form somebody needs.

    Attributes:
        latent: (h, w) float32, 1 where the latent is repainted, 0 where it is kept.
        mask: L, W × H: what networks made for inpainting see.
        overlay: RGBA, laid over the result at the end.
        for_overlay: L, the mask that made `overlay`, and what `return_mask` shows.
        beneath: RGB, of the overlay's size: the picture as it was.
        paste_to: left, top, width, height of the result in the overlay, or None for all of it.
    """

    latent: NDArray[np.float32]
    mask: Image.Image
    overlay: Image.Image
    for_overlay: Image.Image
    beneath: Image.Image
    paste_to: Box | None = None


@dataclass(frozen=True, slots=True, eq=False)
class InpaintPictures:
    """A picture made ready for img2img.

    Attributes:
        picture: RGB, W × H (of its own size where the latent is what gets resized), cropped and
            filled as the mask settings say.
        masking: or None where nothing is masked and all is repainted.
    """

    picture: Image.Image
    masking: Masking | None = None


def prepare_inpaint(
    image: Image.Image,
    mask: Image.Image | None,
    settings: MaskSettings,
    size: Size,
    *,
    resize_mode: int = 0,
    background: str = "#ffffff",
    upscale: Upscale | None = None,
    other_latent_mask: Image.Image | None = None,
) -> InpaintPictures:
    """Bring a picture and its mask to what sampling and pasting need.

    Args:
        image: RGB or RGBA.
        mask: RGB, RGBA or L, white where to repaint; None for plain img2img.
        size: width and height asked for, in pixels.
        resize_mode: 0, 1, 2 as in `resized`; 3 leaves the picture to be resized as a latent.
        background: what is behind transparent parts.
        upscale: as in `resized`.
        other_latent_mask: for what happens in the latent, in place of `mask` (L, read as it is).

    Returns:
        No masking if there is no mask, or if only the masked area counts and there is none.
    """
    flat = flattened(image, background)
    whole = _Fit(size, resize_mode, upscale)
    if mask is None:
        return InpaintPictures(whole.of_picture(flat))
    prepared = _prepared_mask(mask, settings)
    if not settings.only_masked:
        return _in_whole(flat, prepared, other_latent_mask, settings, whole)
    box = crop_box(prepared, settings.padding, *size)
    if box is None:
        return InpaintPictures(whole.of_picture(flat))
    return _in_box(flat, prepared, other_latent_mask, settings, box, _Fit(size, 2, upscale))


@dataclass(frozen=True, slots=True)
class _Fit:
    """How things are brought to size."""

    size: Size
    resize_mode: int
    upscale: Upscale | None

    def of_picture(self, image: Image.Image) -> Image.Image:
        if self.resize_mode == 3:
            return image
        return resized(image, *self.size, _mode(self.resize_mode), self.upscale)

    def of_mask(self, mask: Image.Image) -> Image.Image:
        return resized(mask, *self.size, _mode(self.resize_mode)).convert("L")


def _mode(resize_mode: int) -> ResizeMode:
    """The way of resizing by its number; whatever is neither 0 nor 1 fits in and stretches."""
    return 0 if resize_mode == 0 else 1 if resize_mode == 1 else 2


def _prepared_mask(mask: Image.Image, settings: MaskSettings) -> Image.Image:
    mask = mask_from(mask, rounds=settings.rounds)
    return blurred(inverted(mask) if settings.invert else mask, settings.blur_x, settings.blur_y)


def _in_whole(
    image: Image.Image,
    mask: Image.Image,
    other_latent_mask: Image.Image | None,
    settings: MaskSettings,
    fit: _Fit,
) -> InpaintPictures:
    sized = fit.of_mask(mask)
    latent = sized if other_latent_mask is None else fit.of_mask(other_latent_mask)
    picture = fit.of_picture(image)
    # A picture that is resized as a latent comes out at the size asked for all the same.
    beneath = resized(picture, *fit.size, 0) if picture.size != fit.size else picture
    for_overlay = mask_for_overlay(sized)
    overlay = overlay_of(beneath, for_overlay)
    masking = Masking(_cells(latent, settings, fit.size), sized, overlay, for_overlay, beneath)
    return InpaintPictures(_first_fill(picture, latent, settings), masking)


def _in_box(
    image: Image.Image,
    mask: Image.Image,
    other_latent_mask: Image.Image | None,
    settings: MaskSettings,
    box: Box,
    fit: _Fit,
) -> InpaintPictures:
    left, top, right, bottom = box
    sized = fit.of_mask(mask.crop(box))
    latent = sized if other_latent_mask is None else fit.of_mask(other_latent_mask.crop(box))
    for_overlay = mask if mask.size == image.size else mask.resize(image.size)
    masking = Masking(
        _cells(latent, settings, fit.size),
        sized,
        overlay_of(image, for_overlay),
        for_overlay,
        image,
        (left, top, right - left, bottom - top),
    )
    picture = fit.of_picture(image.crop(box))
    return InpaintPictures(_first_fill(picture, latent, settings), masking)


def _cells(mask: Image.Image, settings: MaskSettings, size: Size) -> NDArray[np.float32]:
    return latent_mask(mask, size[0] // _CELL, size[1] // _CELL, rounds=settings.rounds)


def _first_fill(picture: Image.Image, mask: Image.Image, settings: MaskSettings) -> Image.Image:
    if settings.fill == 1:
        return picture
    return filled(picture, mask if mask.size == picture.size else mask.resize(picture.size))
