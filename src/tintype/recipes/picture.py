"""The recipe of a plan, and how long it is."""

from typing import cast

from torch import Tensor

from tintype.core.enlarging import AnyPlan, Enlargement
from tintype.core.orders import Denoise, Glance, Network, Order, Recipe, Upscale
from tintype.core.requests import Plan
from tintype.recipes.enlarging import enlarged, expected_tiles
from tintype.recipes.guiding import calls
from tintype.recipes.img2img import img2img
from tintype.recipes.scripts import scripted, turn_count
from tintype.recipes.txt2img import txt2img
from tintype.sampling import img2img_start


def recipe_of(plan: AnyPlan) -> Recipe:
    """Whatever the plan asks for."""
    return enlarged(plan) if isinstance(plan, Enlargement) else painted(plan)


def painted(plan: Plan) -> Recipe:
    """What is painted by a plan; see `txt2img`, `img2img` and `scripts`."""
    if plan.script is not None:
        return scripted(plan, plan.script)
    return txt2img(plan) if plan.init is None else img2img(plan)


def glanced(latent: Tensor, network: Network) -> Recipe:
    """Roughly what a latent (C, h, w) will be, (h', w', 3) uint8."""
    return (cast(Tensor, (yield Glance(network, latent))),)


def is_step(order: Order, plan: AnyPlan) -> bool:
    """Whether an answered order brings a picture a step forward: a call of the U-Net, or a tile."""
    return isinstance(order, Upscale if isinstance(plan, Enlargement) else Denoise)


def expected_steps(plan: AnyPlan) -> int:
    """About how many steps a plan takes, see `is_step`."""
    return expected_tiles(plan) if isinstance(plan, Enlargement) else expected_calls(plan)


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
