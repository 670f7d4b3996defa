"""Wrappers that complete or edit a sampler's questions on their way to the engine."""

from dataclasses import replace

from torch import Tensor

from tintype.core.models import ModelRecord
from tintype.core.orders import Denoise, Guidance, Sampler


def guided(sampler: Sampler, guidance: Guidance, checkpoint: ModelRecord) -> Sampler:
    """Ask the same questions, towards `guidance`, of the network in `checkpoint`."""
    answer: Tensor | None = None
    while True:
        try:
            question: Denoise = sampler.send(answer)  # type: ignore[arg-type]
        except StopIteration as end:
            return end.value
        answer = yield replace(question, guidance=guidance, checkpoint=checkpoint)
