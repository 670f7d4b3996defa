"""What a recipe may ask of the engine, one image at a time, and what it is answered.

Tensors are named in annotations only, so this room imports no torch.
"""

from collections.abc import Generator, Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tintype.core.models import ModelRecord

if TYPE_CHECKING:
    from torch import Tensor

Chunk = tuple[int, ...]  # 77 token ids: start, up to 75 of text, end and padding


@dataclass(frozen=True, slots=True, eq=False)
class Conditioning:
    """An encoded prompt.

    Attributes:
        context: (T, C) hidden states, T a multiple of 77.
        vector: (V,) pooled conditioning where the network wants it.
    """

    context: "Tensor"
    vector: "Tensor | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Guidance:
    """What to denoise towards.

    Attributes:
        cond: the prompt.
        uncond: the negative prompt, or None to follow the prompt alone.
        cfg_scale: how far to go from uncond past cond.
    """

    cond: Conditioning
    uncond: Conditioning | None
    cfg_scale: float


@dataclass(frozen=True, slots=True, eq=False)
class Encode:
    """Encode a prompt of one or more chunks. Answered with a `Conditioning`."""

    checkpoint: ModelRecord
    chunks: tuple[Chunk, ...]
    clip_skip: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Denoise:
    """Estimate the clean latent in `x` (C, h, w) at noise level `sigma`. Answered with (C, h, w).

    A sampler asks without guidance or checkpoint; a wrapper around it fills them in.
    """

    x: "Tensor"
    sigma: float
    guidance: Guidance | None = None
    checkpoint: ModelRecord | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Decode:
    """Turn a latent (C, h, w) into pixels. Answered with (H, W, 3) uint8 on the CPU."""

    checkpoint: ModelRecord
    latent: "Tensor"


Order = Encode | Denoise | Decode
Answer = "Conditioning | Tensor"
Sampler = Generator[Denoise, "Tensor", "Tensor"]
Recipe = Generator[Order, "Conditioning | Tensor", "Tensor"]


def rows_of(order: Order) -> int:
    """Rows an order fills in a forward pass: two when guided by a negative prompt."""
    match order:
        case Encode():
            return len(order.chunks)
        case Denoise():
            return 1 if order.guidance is None or order.guidance.uncond is None else 2
        case Decode():
            return 1


def batch_key(order: Order) -> Hashable:
    """What must be equal for two orders to share a forward pass.

    Not in it: sigma, step, sampler, cfg_scale, prompt, seed.
    """
    match order:
        case Encode():
            return ("encode", order.checkpoint, order.clip_skip)
        case Denoise():
            if order.guidance is None:
                raise ValueError("a question without guidance reached the engine: this is a bug")
            guidance = order.guidance
            sides = [side for side in (guidance.cond, guidance.uncond) if side is not None]
            lengths = frozenset(side.context.shape[0] for side in sides)
            return ("denoise", order.checkpoint, tuple(order.x.shape), order.x.dtype, lengths)
        case Decode():
            return ("decode", order.checkpoint, tuple(order.latent.shape))
