"""The line of text that tells how a picture was made."""

from tintype.core.requests import Plan
from tintype.prompt.infotext import FieldValue, Infotext, write_infotext


def infotext_for(plan: Plan, image_index: int, version: str) -> str:
    """A1111's infotext of one image of a plan, keys in the order and format of its 1.10.

    Args:
        plan: what was computed.
        image_index: which of its images, from 0.
        version: of this program, as "Version" shall say it.
    """
    fields: dict[str, FieldValue] = {
        "Steps": plan.steps,
        "Sampler": plan.sampler,
        "Schedule type": plan.schedule,
        "CFG scale": float(plan.cfg_scale),
        "Seed": plan.seeds[image_index],
        "Size": f"{plan.width}x{plan.height}",
        "Model hash": plan.checkpoint.shorthash,
        "Model": plan.checkpoint.stem,
        "Clip skip": plan.clip_skip if plan.clip_skip > 1 else None,
        "Version": version,
    }
    return write_infotext(Infotext(plan.prompt, plan.negative_prompt, fields))
