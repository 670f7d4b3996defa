"""A picture from a picture and words, all of it or where a mask says so."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import cast

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from tintype.core.mask_settings import SoftInpainting
from tintype.core.noise_levels import levels_of
from tintype.core.orders import Answer, Order, Recipe, Steps, Stopped
from tintype.core.requests import Init, Plan
from tintype.core.samplers import find_sampler
from tintype.imaging import (
    InpaintPictures,
    Masking,
    composited,
    flattened,
    mask_composite,
    mask_picture,
    matched_colours,
    overlay_of,
    picture_from,
    prepare_inpaint,
)
from tintype.imaging.resize import Upscale
from tintype.imaging.soft import overlay_mask, repainted_share
from tintype.recipes.beside import beside_picture
from tintype.recipes.enlarging import fitted
from tintype.recipes.faces import formers, restored
from tintype.recipes.guiding import calls, encoded, guided, words_for
from tintype.recipes.latents import (
    decoded_picture,
    encode_noise,
    encoded_picture,
    latent_shape,
    pixels_of,
    shape_of,
)
from tintype.recipes.masking import kept, kept_before, softly_kept
from tintype.sampling import NoiseSource, Start, from_latent, img2img_start

_LATENT_NOISE, _LATENT_NOTHING = 2, 3  # values of `MaskSettings.fill`


def img2img(plan: Plan) -> Recipe:
    """Repaint the plan's picture.

    Returns:
        the picture (H, W, 3) uint8; then its mask, what was repainted alone, and the
        picture before its faces were restored, if asked for.
    """
    init = cast(Init, plan.init)
    prepared = yield from prepared_pictures(plan, init)
    latent = yield from _first_latent(plan, init, prepared.picture)
    if prepared.masking is not None:
        latent = _first_fill(plan, init, latent, prepared.masking)
    result = yield from _denoised(plan, init, latent, prepared)
    if prepared.masking is not None and init.soft is not None:
        prepared = replace(
            prepared, masking=_by_what_moved(prepared.masking, init.soft, latent, result)
        )
    before = yield from decoded_picture(result, plan.network)
    picture = yield from restored(before, plan.faces)
    finished = (*_finished(init, prepared, picture), *formers(before, plan.faces))
    return tuple(pixels_of(p) for p in finished)


def prepared_pictures(plan: Plan, init: Init) -> Generator[Order, Answer, InpaintPictures]:
    """The plan's picture and mask, brought to size."""

    def prepared(enlarge: Upscale | None) -> InpaintPictures:
        return prepare_inpaint(
            picture_from(init.picture, "init_images"),
            None if init.mask is None else picture_from(init.mask, "mask"),
            init.masking,
            (plan.width // 8 * 8, plan.height // 8 * 8),
            resize_mode=init.resize_mode,
            background=init.background,
            upscale=enlarge,
            other_latent_mask=None if other is None else picture_from(other, "mask").convert("L"),
        )

    upscaler, other = init.upscaler, init.latent_mask
    if upscaler is None:
        return prepared(None)
    return (yield from fitted(prepared, upscaler, init.enlarger))


def _first_latent(plan: Plan, init: Init, picture: Image.Image) -> Steps:
    """The picture's latent; the mean of what the autoencoder offers, where A1111 draws from it."""
    picture = _whole_cells(picture)
    noise = encode_noise(plan, latent_shape(*picture.size)) if init.draws_latent else None
    latent = yield from encoded_picture(picture, plan.network, noise)
    if init.resize_mode != 3:
        return latent
    _, h, w = latent_shape(plan.width, plan.height)
    return functional.interpolate(latent[None], (h, w), mode="bilinear", align_corners=False)[0]


def _whole_cells(picture: Image.Image) -> Image.Image:
    width, height = (max(side // 8 * 8, 8) for side in picture.size)
    return picture.crop((0, 0, width, height))


def _first_fill(plan: Plan, init: Init, latent: Tensor, masking: Masking) -> Tensor:
    paint = torch.from_numpy(masking.latent).to(latent)
    if init.masking.fill == _LATENT_NOISE:
        noise = NoiseSource(plan.noise, shape_of(latent), str(latent.device)).first()
        return latent * (1 - paint) + noise.to(latent) * paint
    if init.masking.fill == _LATENT_NOTHING:
        return latent * (1 - paint)
    return latent


def _denoised(plan: Plan, init: Init, latent: Tensor, prepared: InpaintPictures) -> Steps:
    settings = plan.settings
    schedule_steps, t_enc = img2img_start(
        settings.steps, init.denoising_strength, fixes_steps=init.fixes_steps
    )
    words = words_for(
        plan.prompt,
        plan.negative_prompt,
        plan.text,
        calls(settings, settings.steps),
        plan.embeddings,
    )
    total = calls(settings, t_enc + 1)
    concat = yield from beside_picture(plan, init, prepared.picture, prepared.masking)
    size = plan.width, plan.height
    guide = yield from encoded(words, plan.network, plan.text, plan.guidance, total, size, concat)
    noise = NoiseSource(plan.noise, shape_of(latent), guide.device)
    start = Start(schedule_steps, t_enc, init.extra_noise, init.noise_multiplier)
    levels = levels_of(settings.trained_on)
    sampler = from_latent(settings, levels, noise, latent, start)
    steps = guided(sampler, guide, words, plan.text, levels, plan.refiner)
    try:
        return (yield from _masked(plan, init, latent, prepared.masking, steps))
    except Stopped as stop:
        if stop.latent is None:
            raise
        return stop.latent


def _masked(plan: Plan, init: Init, latent: Tensor, masking: Masking | None, steps: Steps) -> Steps:
    """The same steps, repainting only where there is no mask or the mask says so."""
    if masking is None:
        return (yield from steps)
    paint = torch.from_numpy(masking.latent).to(latent)
    if init.soft is not None:
        return (yield from softly_kept(steps, latent, paint, init.soft))
    if find_sampler(plan.settings.sampler)[0].is_timestep_sampler:
        result = yield from kept_before(steps, latent, paint)
    else:
        result = yield from kept(steps, latent, paint)
    return result * paint + latent * (1 - paint)


def _by_what_moved(
    masking: Masking, soft: SoftInpainting, original: Tensor, result: Tensor
) -> Masking:
    """The overlay of soft inpainting: kept is what the latent has hardly moved from."""
    before, after = original.float().cpu().numpy(), result.float().cpu().numpy()
    share = repainted_share(before, after, masking.latent, soft)
    mask = overlay_mask(share, masking.mask.size, masking.paste_to, masking.beneath.size)
    return replace(masking, overlay=overlay_of(masking.beneath, mask))


def _finished(init: Init, prepared: InpaintPictures, picture: Image.Image) -> Sequence[Image.Image]:
    """The picture with its colours corrected and the original laid over, and what belongs to it."""
    if init.corrects_colours:
        picture = matched_colours(picture, _colours(init, prepared))
    masking = prepared.masking
    if masking is None:
        return (picture,)
    beside: list[Image.Image] = []
    if init.returns_mask:
        beside.append(mask_picture(masking.for_overlay))
    if init.returns_composite:
        beside.append(mask_composite(picture, masking.for_overlay))
    if init.overlays:
        picture = composited(picture, masking.overlay, masking.paste_to)
    return (picture, *beside)


def _colours(init: Init, prepared: InpaintPictures) -> Image.Image:
    if init.colours is None:
        return prepared.picture
    return flattened(picture_from(init.colours, "init_images"), init.background)
