"""A picture from words."""

from collections.abc import Generator

from torch import Tensor

from tintype.core.noise_levels import levels_of
from tintype.core.orders import Answer, Order, Recipe, Steps, Stopped
from tintype.core.requests import Plan
from tintype.recipes.beside import beside_noise
from tintype.recipes.faces import formers, restored
from tintype.recipes.guiding import calls, encoded, guided, words_for
from tintype.recipes.hires import second_pass
from tintype.recipes.latents import decoded_picture, latent_shape, pixels_of
from tintype.sampling import NoiseSource, from_noise


def txt2img(plan: Plan) -> Recipe:
    """Noise to a latent, perhaps a second pass, pixels, and faces restored.

    Stopped before the second pass has an answer, it shows the first one's latent.

    Returns:
        the picture (H, W, 3) uint8; then the one before its faces were restored, if asked for.
    """
    network = plan.network
    latent, goes_on = yield from _until_stopped(_first_pass(plan))
    if plan.hires is not None and goes_on:
        try:
            latent, _ = yield from _until_stopped(second_pass(plan, plan.hires, latent))
            network = plan.hires.network
        except Stopped:
            pass  # with no answer yet: the first pass is what there is
    before = yield from decoded_picture(latent, network)
    picture = yield from restored(before, plan.faces)
    return tuple(pixels_of(one) for one in (picture, *formers(before, plan.faces)))


def _until_stopped(steps: Steps) -> Generator[Order, Answer, tuple[Tensor, bool]]:
    """The latent that steps end with, and whether they came to their own end.

    Raises:
        Stopped: there is no latent yet.
    """
    try:
        return (yield from steps), True
    except Stopped as stop:
        if stop.latent is None:
            raise
        return stop.latent, False


def _first_pass(plan: Plan) -> Steps:
    settings = plan.settings
    total = calls(settings, settings.steps)
    words = words_for(plan.prompt, plan.negative_prompt, plan.text, total, plan.embeddings)
    concat = yield from beside_noise(plan, plan.network, plan.width, plan.height)
    size = plan.width, plan.height
    guide = yield from encoded(words, plan.network, plan.text, plan.guidance, total, size, concat)
    noise = NoiseSource(plan.noise, latent_shape(plan.width, plan.height), guide.device)
    levels = levels_of(settings.trained_on)
    sampler = from_noise(settings, levels, noise)
    refiner = None if plan.hires is not None and plan.refiner is not None else plan.refiner
    return (yield from guided(sampler, guide, words, plan.text, levels, refiner))
