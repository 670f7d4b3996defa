"""A second pass over an enlarged latent."""

from torch import Tensor

from tintype.core.noise_levels import levels_of
from tintype.core.orders import Steps
from tintype.core.requests import Hires, Plan
from tintype.core.upscalers import LATENT_UPSCALERS
from tintype.imaging import resized
from tintype.recipes.beside import beside_noise
from tintype.recipes.enlarging import fitted
from tintype.recipes.guiding import calls, encoded, guided, words_for
from tintype.recipes.latents import (
    PIXELS_PER_CELL,
    cut,
    decoded_picture,
    encode_noise,
    encoded_picture,
    enlarged,
    latent_shape,
    shape_of,
)
from tintype.sampling import NoiseSource, Start, from_latent, img2img_start


def second_pass(plan: Plan, hires: Hires, latent: Tensor) -> Steps:
    """The latent (C, h, w) of the first pass at the final size, denoised again."""
    if hires.upscaler in LATENT_UPSCALERS:
        latent = enlarged(latent, hires.upscaler, hires.size.width, hires.size.height)
    else:
        latent = yield from _through_pixels(plan, hires, latent)
    latent = cut(latent, hires.size.cut_columns, hires.size.cut_rows)
    if hires.denoising_strength == 0:
        return latent
    return (yield from _denoised(plan, hires, latent))


def _through_pixels(plan: Plan, hires: Hires, latent: Tensor) -> Steps:
    picture = yield from decoded_picture(latent, plan.network)
    width, height = hires.size.width, hires.size.height
    larger = yield from fitted(
        lambda enlarge: resized(picture, width, height, 0, enlarge), hires.upscaler, hires.enlarger
    )
    noise = encode_noise(plan, latent_shape(width, height))
    return (yield from encoded_picture(larger, hires.network, noise))


def _denoised(plan: Plan, hires: Hires, latent: Tensor) -> Steps:
    settings = hires.settings
    schedule_steps, t_enc = img2img_start(
        settings.steps, hires.denoising_strength, fixes_steps=True
    )
    words = words_for(
        hires.prompt,
        hires.negative_prompt,
        plan.text,
        calls(settings, settings.steps),
        plan.embeddings,
        hires_base=calls(plan.settings, plan.settings.steps),
    )
    total = calls(settings, t_enc + 1)
    size = latent.shape[2] * PIXELS_PER_CELL, latent.shape[1] * PIXELS_PER_CELL
    concat = yield from beside_noise(plan, hires.network, *size)
    guide = yield from encoded(words, hires.network, plan.text, hires.guidance, total, size, concat)
    noise = NoiseSource(plan.noise, shape_of(latent), latent.device.type)
    start = Start(schedule_steps, t_enc, hires.extra_noise)
    levels = levels_of(settings.trained_on)
    sampler = from_latent(settings, levels, noise, latent, start)
    return (yield from guided(sampler, guide, words, plan.text, levels, plan.refiner))
