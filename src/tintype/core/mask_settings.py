"""How a mask is read: what it covers, how soft its edge is, and what the network sees there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MaskSettings:
    """What a mask means. Defaults are those of A1111's page, not of its API.

    Attributes:
        blur_x: standard deviation of the blur along rows, in pixels of the mask; 0 for none.
        blur_y: the same along columns.
        invert: repaint what the mask leaves out.
        fill: what stands in the repainted area at first: 0 the colours around it, 1 the picture
            as it is, 2 noise, 3 nothing.
        only_masked: work on the masked area alone, at the full size asked for.
        padding: pixels of the picture seen around the masked area, if it is alone.
        rounds: every latent cell is either repainted or kept, nothing between.
    """

    blur_x: int = 4
    blur_y: int = 4
    invert: bool = False
    fill: int = 1
    only_masked: bool = False
    padding: int = 32
    rounds: bool = True


@dataclass(frozen=True, slots=True)
class SoftInpainting:
    """How gently a masked area passes into the rest. Defaults are A1111's.

    Attributes:
        schedule_bias: above 1 keeps more of the picture in early steps than in late ones.
        preservation_strength: how firmly half masked parts hold on to the picture.
        transition_contrast_boost: keeps contrast where two latents are mixed; 1 for none.
        mask_influence: how far the mask decides afterwards what is pasted back, 0 … 1.
        difference_threshold: how far a latent must have moved to stay repainted, in its spread.
        difference_contrast: how sharp that decision is.
    """

    schedule_bias: float = 1.0
    preservation_strength: float = 0.5
    transition_contrast_boost: float = 4.0
    mask_influence: float = 0.0
    difference_threshold: float = 0.5
    difference_contrast: float = 2.0
