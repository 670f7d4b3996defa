"""What a U-Net makes of a row's prompt and of its timestep alone, and the rows of a pass together.

Keys and values depend on the words alone, what the residual blocks add on the timestep alone. Made
once they need not be made again with every step; and made for each row by itself they have the same
bits whatever company it is in: those of a pair, as which A1111 asks for one guided picture.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tintype.networks.layers import attend


@dataclass(frozen=True, slots=True, eq=False)
class TextKeys:
    """A prompt as the attentions of one U-Net see it.

    Attributes:
        layers: keys and values, each (T, C), of every attention to the text in the network's order.
    """

    layers: tuple[tuple[Tensor, Tensor], ...]

    @property
    def length(self) -> int:
        """T, its tokens."""
        return self.layers[0][0].shape[0]

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return sum(keys.nbytes + values.nbytes for keys, values in self.layers)


class Texts:
    """The prompts of the rows of a forward pass, of any lengths."""

    def __init__(self, texts: Sequence[TextKeys]) -> None:
        by_length: defaultdict[int, list[int]] = defaultdict(list)
        for row, text in enumerate(texts):
            by_length[text.length].append(row)
        self._texts = texts
        self._groups = list(by_length.values())

    def attend(self, q: Tensor, layer: int, heads: int) -> Tensor:
        """Attention of queries (B, N, C) to each row's own prompt in attention number `layer`."""
        if len(self._groups) == 1:
            return self._attend(q, self._groups[0], layer, heads)
        answer = torch.empty_like(q)
        for rows in self._groups:
            pair = rows if len(rows) > 1 else rows * 2  # a lone row is rounded in another way
            answer[rows] = self._attend(q[pair], pair, layer, heads)[: len(rows)]
        return answer

    def _attend(self, q: Tensor, rows: Sequence[int], layer: int, heads: int) -> Tensor:
        keys = torch.stack([self._texts[row].layers[layer][0] for row in rows])
        values = torch.stack([self._texts[row].layers[layer][1] for row in rows])
        return attend(q, keys, values, heads)


@dataclass(frozen=True, slots=True, eq=False)
class TimeShifts:
    """A timestep as the residual blocks of one U-Net see it.

    Attributes:
        layers: what each block adds to its channels, (C,), in the network's order.
    """

    layers: tuple[Tensor, ...]


class Times:
    """The timesteps of the rows of a forward pass."""

    def __init__(self, rows: Sequence[TimeShifts]) -> None:
        self._rows = rows

    def shift(self, layer: int) -> Tensor:
        """(B, C) added by residual block number `layer`."""
        return torch.stack([row.layers[layer] for row in self._rows])


def first_of_two(layer: nn.Module, row: Tensor) -> Tensor:
    """A layer's answer to (…), computed beside itself: a pair is rounded in its own way."""
    return layer(torch.stack([row, row]))[0].clone()  # a view would keep both in memory
