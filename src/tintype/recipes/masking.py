"""Wrappers around a pass that repaint only where a mask says so."""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from tintype.core.mask_settings import SoftInpainting
from tintype.core.orders import Answer, Denoise, Order, Steps, Stopped
from tintype.imaging.soft import soft_blend


def kept(steps: Steps, original: Tensor, paint: Tensor) -> Steps:
    """Every answer shows the original where `paint` (h, w) is 0."""
    return (
        yield from _edited(steps, lambda _, denoised: denoised * paint + original * (1 - paint))
    )


def kept_before(steps: Steps, original: Tensor, paint: Tensor) -> Steps:
    """Every question shows the original, clean, where `paint` (h, w) is 0.

    So A1111 does for DDIM, PLMS and UniPC. The sampler goes on with its own latent and is answered
    with the noise seen in the blended one.
    """
    order = next(steps)
    try:
        while True:
            if not isinstance(order, Denoise):
                order = steps.send((yield order))
                continue
            scale = (order.sigma**2 + 1) ** 0.5  # between this latent and the samplers' own
            blended = order.x * paint + original * scale * (1 - paint)
            try:
                answer = cast(Tensor, (yield replace(order, x=blended)))
            except Stopped as stop:
                steps.throw(stop)
                raise
            order = steps.send(answer + (order.x - blended))
    except StopIteration as end:
        return end.value


def softly_kept(steps: Steps, original: Tensor, paint: Tensor, settings: SoftInpainting) -> Steps:
    """Every answer is blended with the original, the less so the more noise there is."""

    def edit(order: Denoise, denoised: Tensor) -> Tensor:
        if order.wants_uncond:
            return torch.stack([edit(replace(order, wants_uncond=False), d) for d in denoised])
        return soft_blend(original, denoised, paint, order.sigma, settings)

    return (yield from _edited(steps, edit))


def _edited(
    steps: Steps, edit: Callable[[Denoise, Tensor], Tensor]
) -> Generator[Order, Answer, Tensor]:
    """The same steps, their answers edited on the way."""
    order = next(steps)
    try:
        while True:
            try:
                answer = yield order
            except Stopped as stop:
                steps.throw(stop)
                raise
            if isinstance(order, Denoise):
                answer = edit(order, cast(Tensor, answer))
            order = steps.send(answer)
    except StopIteration as end:
        return end.value
