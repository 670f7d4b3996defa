"""One forward pass for orders that share a batch key."""

from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from typing import cast

import torch
from torch import Tensor

from tintype.core.models import ModelRecord
from tintype.core.orders import Conditioning, Decode, Denoise, Encode, Guidance, Order
from tintype.engine.residency import Residency

PROMPTS_REMEMBERED = 256


_Row = tuple[Denoise, Conditioning]  # one latent in a forward pass, and what it is to show


class Passes:
    """Runs orders on the networks they name."""

    def __init__(self, residency: Residency) -> None:
        self._residency = residency
        self._prompts: OrderedDict[tuple[object, ...], Conditioning] = OrderedDict()

    def run(self, orders: Sequence[Order]) -> list[Conditioning | Tensor]:
        """Answer orders of one batch key, in their order."""
        match orders[0]:
            case Encode():
                return [self._encode(order) for order in cast(Sequence[Encode], orders)]
            case Denoise():
                return list(self._denoise(cast(Sequence[Denoise], orders)))
            case Decode():
                return list(self._decode(cast(Sequence[Decode], orders)))

    def _encode(self, order: Encode) -> Conditioning:
        """Encode a prompt in a pass of its own, so that its bits never depend on company."""
        key = (order.checkpoint, order.chunks, order.clip_skip)
        if key not in self._prompts:
            networks = self._residency.get(order.checkpoint)
            context, vector = networks.encode_text(torch.tensor(order.chunks), order.clip_skip)
            pooled = None if vector is None else vector[0]
            self._prompts[key] = Conditioning(context.flatten(0, 1), pooled)
        self._prompts.move_to_end(key)
        if len(self._prompts) > PROMPTS_REMEMBERED:
            self._prompts.popitem(last=False)
        return self._prompts[key]

    def _denoise(self, orders: Sequence[Denoise]) -> list[Tensor]:
        rows = [(order, side) for order in orders for side in _sides(order)]
        answers = iter(self._answer_rows(cast(ModelRecord, orders[0].checkpoint), rows))
        return [_combined(order, answers) for order in orders]

    def _answer_rows(self, checkpoint: ModelRecord, rows: list[_Row]) -> list[Tensor]:
        """Denoise rows, those of equal conditioning length in one pass."""
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for index, (_, conditioning) in enumerate(rows):
            by_length[conditioning.context.shape[0]].append(index)
        answers: dict[int, Tensor] = {}
        for indices in by_length.values():
            denoised = self._one_pass(checkpoint, [rows[i] for i in indices])
            answers.update(zip(indices, denoised, strict=True))
        return [answers[i] for i in range(len(rows))]

    def _one_pass(self, checkpoint: ModelRecord, rows: list[_Row]) -> Tensor:
        vectors = [c.vector for _, c in rows if c.vector is not None]
        return self._residency.get(checkpoint).denoise(
            torch.stack([order.x for order, _ in rows]),
            [order.sigma for order, _ in rows],
            torch.stack([conditioning.context for _, conditioning in rows]),
            torch.stack(vectors) if vectors else None,
        )

    def _decode(self, orders: Sequence[Decode]) -> list[Tensor]:
        networks = self._residency.get(orders[0].checkpoint)
        return list(networks.decode(torch.stack([order.latent for order in orders])))


def _sides(order: Denoise) -> list[Conditioning]:
    guidance = cast(Guidance, order.guidance)
    return [guidance.cond] if guidance.uncond is None else [guidance.cond, guidance.uncond]


def _combined(order: Denoise, answers: Iterator[Tensor]) -> Tensor:
    """Classifier-free guidance, in float32. Source: Ho and Salimans 2022, arXiv:2207.12598."""
    guidance = cast(Guidance, order.guidance)
    cond = next(answers)
    if guidance.uncond is None:
        return cond
    uncond = next(answers)
    return uncond + guidance.cfg_scale * (cond - uncond)
