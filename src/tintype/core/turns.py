"""What one turn of a script is: an img2img plan made from the script's."""

from dataclasses import replace

from tintype.core.requests import Init, Plan
from tintype.core.scripts import Loopback

_ORIGINAL = 1  # value of `MaskSettings.fill`


def turn_plan(plan: Plan, init: Init, offset: int, before: int | None) -> Plan:
    """One turn, that begins with `init`.

    From the second turn on the latent is drawn as A1111 draws it: with the noise that the seed of
    the turn before left in torch's global generator. What the first turn finds there is chance.

    Args:
        offset: what is added to the plan's seed.
        before: what was added for the turn before; None for the first.
    """
    noise = replace(plan.noise, seed=plan.noise.seed + offset)
    turn = replace(plan, script=None, noise=noise, init=init)
    if before is None:
        return turn
    init = replace(init, draws_latent=True)
    return replace(turn, init=init, encode_seed=plan.noise.seed + before, encode_place=0)


def loop_plan(plan: Plan, script: Loopback, init: Init, turn: int) -> Plan:
    """Turn number `turn` of loopback, from 0.

    Its strength is the curve's; colours are those of the first picture, and what is masked keeps
    what the turn before made of it.

    Args:
        init: the plan's own, with the picture of the turn before.
    """
    init = replace(
        init,
        denoising_strength=script.strength(init.denoising_strength, turn),
        masking=replace(init.masking, fill=_ORIGINAL) if turn else init.masking,
        colours=plan.init and plan.init.picture,
        returns_mask=False,
        returns_composite=False,
    )
    return turn_plan(plan, init, turn, turn - 1 if turn else None)
