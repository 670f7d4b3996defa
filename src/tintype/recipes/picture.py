"""The recipe of a plan, and how long it is."""

from typing import cast

from torch import Tensor

from tintype.core.orders import Glance, Network, Recipe
from tintype.core.requests import Plan
from tintype.recipes.guiding import calls
from tintype.recipes.img2img import img2img
from tintype.recipes.scripts import scripted, turn_count
from tintype.recipes.txt2img import txt2img
from tintype.sampling import img2img_start


def painted(plan: Plan) -> Recipe:
    """Whatever the plan asks for; see `txt2img`, `img2img` and `scripts`."""
    if plan.script is not None:
        return scripted(plan, plan.script)
    return txt2img(plan) if plan.init is None else img2img(plan)


def glanced(latent: Tensor, network: Network) -> Recipe:
    """Roughly what a latent (C, h, w) will be, (h', w', 3) uint8."""
    return (cast(Tensor, (yield Glance(network, latent))),)


def expected_calls(plan: Plan) -> int:
    """About how often a plan asks the U-Net; samplers differ by one or two, adaptive ones more."""
    settings, steps = plan.settings, plan.settings.steps
    if plan.init is not None:
        strength = plan.init.denoising_strength
        steps = img2img_start(steps, strength, fixes_steps=plan.init.fixes_steps)[1] + 1
    total = calls(settings, steps) * turn_count(plan)
    if plan.hires is not None and plan.hires.denoising_strength > 0:
        total += calls(plan.hires.settings, plan.hires.settings.steps)
    return total
