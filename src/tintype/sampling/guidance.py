"""Wrappers that complete or edit a sampler's questions on their way to the engine."""

from dataclasses import replace
from typing import cast

from torch import Tensor

from tintype.core.models import ModelRecord
from tintype.core.orders import Guidance, Recipe, Sampler


def guided(sampler: Sampler, guidance: Guidance, checkpoint: ModelRecord) -> Recipe:
    """Turn a sampler's questions into orders: towards `guidance`, of the network in `checkpoint`.

    Returns:
        what the sampler returns, a latent (C, h, w).
    """
    try:
        question = next(sampler)
        while True:
            order = replace(question, guidance=guidance, checkpoint=checkpoint)
            question = sampler.send(cast(Tensor, (yield order)))
    except StopIteration as end:
        return end.value
