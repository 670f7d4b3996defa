"""Rows of a forward pass for a question with guidance, and its answer from theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from tintype.core.orders import Conditioning, Denoise, Guidance


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One latent in a forward pass.

    Attributes:
        order: the question it belongs to.
        side: what it is to show.
        concat: (C', h, w) what the network sees beside it, or None.
    """

    order: Denoise
    side: Conditioning
    concat: Tensor | None


def rows_for(order: Denoise) -> list[Row]:
    """The rows of a question: each part of the prompt, then what stands against them.

    For edit networks these are the negative prompt beside the picture, and beside nothing.
    """
    guidance = cast(Guidance, order.guidance)
    beside = guidance.concat
    rows = [Row(order, side, beside) for side in _of_one_length(guidance)]
    if guidance.uncond is None:
        return rows
    if guidance.image_cfg_scale is not None and beside is not None:
        nothing = torch.zeros_like(beside)
        return [
            *rows,
            Row(order, guidance.uncond, beside),
            Row(order, guidance.uncond, nothing),
        ]
    return [*rows, Row(order, guidance.uncond, beside)]


def combined(order: Denoise, answers: Sequence[Tensor]) -> Tensor:
    """A question's answer from those of its rows; with its negative's own where that is asked."""
    guided = _guided(order, answers)
    if not order.wants_uncond:
        return guided
    guidance = cast(Guidance, order.guidance)
    return torch.stack([guided, answers[0 if guidance.uncond is None else len(guidance.conds)]])


def _guided(order: Denoise, answers: Sequence[Tensor]) -> Tensor:
    """Classifier-free guidance, in float32.

    Sources: Ho and Salimans 2022, arXiv:2207.12598; Liu et al. 2022, arXiv:2206.01714 (several
    parts); Brooks et al. 2022, arXiv:2211.09800, equation 3 (edit networks).
    """
    guidance = cast(Guidance, order.guidance)
    conds, others = answers[: len(guidance.conds)], answers[len(guidance.conds) :]
    if len(others) == 2:
        with_picture, bare = others
        text_scale, image_scale = guidance.cfg_scale, cast(float, guidance.image_cfg_scale)
        return bare + text_scale * (conds[0] - with_picture) + image_scale * (with_picture - bare)
    if not others and len(conds) == 1:
        return conds[0]
    uncond, scale = (others[0], guidance.cfg_scale) if others else (conds[0], 1.0)
    answer = uncond
    for cond, (_, weight) in zip(conds, guidance.conds, strict=True):
        answer = answer + weight * scale * (cond - uncond)
    return answer


def _of_one_length(guidance: Guidance) -> list[Conditioning]:
    """The prompt's parts; shorter ones repeat their last token up to the longest."""
    sides = [side for side, _ in guidance.conds]
    longest = max(len(side.context) for side in sides)
    return [_lengthened(side, longest) for side in sides]


def _lengthened(side: Conditioning, length: int) -> Conditioning:
    missing = length - len(side.context)
    if missing == 0:
        return side
    repeated = side.context[-1:].expand(missing, -1)
    return replace(side, context=torch.cat([side.context, repeated]))
