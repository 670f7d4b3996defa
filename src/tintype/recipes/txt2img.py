"""A picture from words."""

from tintype.core.noise_levels import scaled_linear_levels
from tintype.core.orders import Recipe, Steps
from tintype.core.requests import Plan
from tintype.recipes.beside import beside_noise
from tintype.recipes.guiding import calls, encoded, guided, words_for
from tintype.recipes.hires import second_pass
from tintype.recipes.latents import decoded_picture, latent_shape, pixels_of
from tintype.sampling import NoiseSource, from_noise


def txt2img(plan: Plan) -> Recipe:
    """Noise to a latent, perhaps a second pass, and pixels.

    Returns:
        one picture (H, W, 3) uint8.
    """
    latent = yield from _first_pass(plan)
    network = plan.network
    if plan.hires is not None:
        latent = yield from second_pass(plan, plan.hires, latent)
        network = plan.hires.network
    picture = yield from decoded_picture(latent, network)
    return (pixels_of(picture),)


def _first_pass(plan: Plan) -> Steps:
    settings = plan.settings
    total = calls(settings, settings.steps)
    words = words_for(plan.prompt, plan.negative_prompt, plan.text, total, plan.embeddings)
    concat = yield from beside_noise(plan, plan.network, plan.width, plan.height)
    guide = yield from encoded(words, plan.network, plan.text, plan.guidance, total, concat)
    noise = NoiseSource(plan.noise, latent_shape(plan.width, plan.height), guide.device)
    levels = scaled_linear_levels()
    sampler = from_noise(settings, levels, noise)
    refiner = None if plan.hires is not None and plan.refiner is not None else plan.refiner
    return (yield from guided(sampler, guide, words, plan.text, levels, refiner))
