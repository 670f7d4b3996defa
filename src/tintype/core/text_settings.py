"""How a prompt is read and encoded, apart from its words."""

from dataclasses import dataclass

from tintype.core.orders import Emphasis
from tintype.core.wildcards import WildcardMode


@dataclass(frozen=True, slots=True)
class TextSettings:
    """A1111's options about text.

    Attributes:
        emphasis: how weights change an encoding; "None" takes every bracket literally.
        comma_backtrack: a chunk that is full may end at a comma so many tokens back; 0 for never.
        old_schedule_rule: in `[a:b:N]` an N below 1 is a share of the steps and any other a step,
            and the hires pass counts from its own start.
        old_emphasis: weights by bracket tokens within one chunk, as before A1111's weight syntax.
        clip_skip: text encoder layers to stop from the end, 1 for none left out.
        pads_uncond: the shorter of prompt and negative prompt is filled with empty chunks.
        pads_uncond_v0: the negative prompt is cut to the prompt's length or filled to it with its
            own last vector.
        keeps_comments: `#` starts no comment.
        crop_top: SDXL is told that so many pixels were cut off above.
        crop_left: and so many to the left.
        high_score: aesthetic score SDXL's refiner is told for the prompt.
        low_score: and for the negative prompt.
        wildcards: whether the prompts are templates.
    """

    emphasis: Emphasis = "Original"
    comma_backtrack: int = 20
    old_schedule_rule: bool = False
    old_emphasis: bool = False
    clip_skip: int = 1
    pads_uncond: bool = False
    pads_uncond_v0: bool = False
    keeps_comments: bool = False
    crop_top: int = 0
    crop_left: int = 0
    high_score: float = 6.0
    low_score: float = 2.5
    wildcards: WildcardMode = "off"
