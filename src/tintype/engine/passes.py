"""One forward pass for orders that share a batch key."""

from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from tintype.core.orders import (
    Answer,
    Conditioning,
    Decode,
    Denoise,
    Encode,
    EncodePixels,
    Network,
    Order,
)
from tintype.engine.encoding import encoded
from tintype.engine.guiding import Row, combined, rows_for
from tintype.engine.residency import Residency

PROMPTS_REMEMBERED = 256

_Conditionings = tuple[Conditioning, ...]


class Passes:
    """Runs orders on the networks they name."""

    def __init__(self, residency: Residency) -> None:
        self._residency = residency
        self._prompts: OrderedDict[tuple[object, ...], _Conditionings] = OrderedDict()

    def run(self, orders: Sequence[Order]) -> list[Answer]:
        """Answer orders of one batch key, in their order."""
        match orders[0]:
            case Encode():
                return [self._encode(order) for order in cast(Sequence[Encode], orders)]
            case Denoise():
                return list(self._denoise(cast(Sequence[Denoise], orders)))
            case EncodePixels():
                return list(self._encode_pixels(cast(Sequence[EncodePixels], orders)))
            case Decode():
                return list(self._decode(cast(Sequence[Decode], orders)))

    def _encode(self, order: Encode) -> _Conditionings:
        """Encode a prompt in a pass of its own, so that its bits never depend on company."""
        key = _prompt_key(order)
        if key not in self._prompts:
            network = self._residency.for_text(order.network)
            self._prompts[key] = encoded(order, network, self._residency.embedding)
        self._prompts.move_to_end(key)
        if len(self._prompts) > PROMPTS_REMEMBERED:
            self._prompts.popitem(last=False)
        return self._prompts[key]

    def _denoise(self, orders: Sequence[Denoise]) -> list[Tensor]:
        by_order = [rows_for(order) for order in orders]
        rows = [row for rows in by_order for row in rows]
        answers = iter(self._answer_rows(cast(Network, orders[0].network), rows))
        return [
            combined(order, [next(answers) for _ in rows])
            for order, rows in zip(orders, by_order, strict=True)
        ]

    def _answer_rows(self, network: Network, rows: Sequence[Row]) -> list[Tensor]:
        """Denoise rows, those of equal conditioning length in one pass."""
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for index, row in enumerate(rows):
            by_length[row.side.context.shape[0]].append(index)
        answers: dict[int, Tensor] = {}
        for indices in by_length.values():
            denoised = self._one_pass(network, [rows[i] for i in indices])
            answers.update(zip(indices, denoised, strict=True))
        return [answers[i] for i in range(len(rows))]

    def _one_pass(self, network: Network, rows: Sequence[Row]) -> Tensor:
        vectors = [row.side.vector for row in rows if row.side.vector is not None]
        beside = [row.concat for row in rows if row.concat is not None]
        return self._residency.for_unet(network).denoise(
            torch.stack([row.order.x for row in rows]),
            [row.order.sigma for row in rows],
            torch.stack([row.side.context for row in rows]),
            torch.stack(vectors) if vectors else None,
            torch.stack(beside) if beside else None,
            [row.order.timestep for row in rows],
        )

    def _encode_pixels(self, orders: Sequence[EncodePixels]) -> Tensor:
        network = self._residency.for_pixels(orders[0].network)
        pixels = torch.stack([order.pixels for order in orders]).to(network.device)
        return network.encode_pixels(pixels, _noises(orders, network.device))

    def _decode(self, orders: Sequence[Decode]) -> Tensor:
        network = self._residency.for_pixels(orders[0].network)
        return network.decode(torch.stack([order.latent for order in orders]))


def _prompt_key(order: Encode) -> tuple[object, ...]:
    """What an encoding depends on: the text encoder as it is, and the prompt."""
    checkpoint = order.network.checkpoint
    adapters = tuple(
        (adapter.record.path, adapter.record.modified, adapter.text_scale, adapter.rank)
        for adapter in order.network.adapters
        if adapter.text_scale != 0
    )
    file = (checkpoint.path, checkpoint.modified)
    return file, adapters, order.texts, order.clip_skip, order.emphasis


def _noises(orders: Sequence[EncodePixels], device: torch.device) -> Tensor | None:
    """Noise for each picture, zeros for those that want their mean; None if all of them do."""
    noises = [order.noise for order in orders if order.noise is not None]
    if not noises:
        return None
    nothing = torch.zeros_like(noises[0])
    rows = [nothing if order.noise is None else order.noise for order in orders]
    return torch.stack(rows).to(device)
