"""A picture from a prompt."""

from typing import cast

from torch import Tensor

from tintype.core.noise_levels import scaled_linear_levels
from tintype.core.orders import Chunk, Conditioning, Decode, Encode, Guidance, Recipe
from tintype.core.requests import Plan
from tintype.prompt.chunks import chunks
from tintype.prompt.tokenizer import load_tokenizer
from tintype.sampling import NoiseSource, guided, sampler_called, sigmas_for

LATENT_CHANNELS = 4
PIXELS_PER_CELL = 8


def txt2img(plan: Plan, image: int) -> Recipe:
    """Make image number `image` of a plan.

    Returns:
        (H, W, 3) uint8 pixels.
    """
    cond = cast(Conditioning, (yield Encode(plan.checkpoint, _chunks(plan.prompt), plan.clip_skip)))
    uncond = None
    if plan.cfg_scale != 1:
        order = Encode(plan.checkpoint, _chunks(plan.negative_prompt), plan.clip_skip)
        uncond = cast(Conditioning, (yield order))
    shape = (LATENT_CHANNELS, plan.height // PIXELS_PER_CELL, plan.width // PIXELS_PER_CELL)
    noise = NoiseSource(plan.seeds[image], shape)
    sigmas = sigmas_for(plan.schedule, plan.steps, scaled_linear_levels())
    x = noise.draw().to(cond.context.device) * sigmas[0]
    sampler = sampler_called(plan.sampler)(x, sigmas, noise)
    latent = yield from guided(sampler, Guidance(cond, uncond, plan.cfg_scale), plan.checkpoint)
    return cast(Tensor, (yield Decode(plan.checkpoint, latent)))


def _chunks(text: str) -> tuple[Chunk, ...]:
    return chunks(load_tokenizer().tokens(text))
