"""Layers on which every row of a pass may wear something of its own: LoRA without merging.

A layer's weights never change. What an adapter does to it is a piece: low-rank terms, added to the
answers of the rows that wear them, or weights of their own, used for those rows in place of the
layer's. An outfit is the pieces of one set of adapters for all layers of a network.

Pieces are kept as they were made. Where a layer computes elsewhere or in another precision than its
weights are stored in, they follow its input, as the weights do.
"""

from collections.abc import Generator, Hashable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby

from torch import Tensor, nn
from torch.nn import functional

from tintype.networks.few_cells import convolved, has_few_cells


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Factors:
    """Two matrices whose product is what a LoRA adds to a layer's weight, but for a scale.

    Attributes:
        down: (r, in) of a linear layer, (r, in, k, k) of a convolution.
        up: (out, r) or (out, r, 1, 1).
    """

    down: Tensor
    up: Tensor

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return self.down.nbytes + self.up.nbytes


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """Factors in use.

    Attributes:
        factors: of the file, shared by everybody who wears it.
        scale: all that multiplies their product.
        third: 0, 1 or 2 where only queries, keys or values of a stacked layer get it.
    """

    factors: Factors
    scale: float
    third: int | None = None

    def add_to(self, answer: Tensor, layer: "Wearable", x: Tensor) -> None:
        """Add this term for a layer's input `x` to its answer, in place."""
        down, up = _beside(x, self.factors.down), _beside(x, self.factors.up)
        inner = layer.by(x, down, None)
        if down.ndim == 4:
            answer.add_(functional.conv2d(inner, up), alpha=self.scale)
            return
        part = answer if self.third is None else answer.chunk(3, dim=-1)[self.third]
        flat = part.view(-1, part.shape[-1])  # never a copy, which would be added to in vain
        flat.addmm_(inner.reshape(-1, inner.shape[-1]), up.T, alpha=self.scale)


@dataclass(frozen=True, slots=True, eq=False)
class Changed:
    """A layer's weights with every change of a set of adapters in them."""

    weight: Tensor
    bias: Tensor | None

    @property
    def bytes(self) -> int:
        """Memory that they take."""
        return self.weight.nbytes + (0 if self.bias is None else self.bias.nbytes)

    def answer(self, layer: "Wearable", x: Tensor) -> Tensor:
        """What the layer would answer if these were its own."""
        bias = None if self.bias is None else _beside(x, self.bias)
        return layer.by(x, _beside(x, self.weight), bias)


Piece = tuple[Term, ...] | Changed


class Wearable(nn.Module):
    """A layer whose rows may wear pieces; parameters are named as everywhere.

    Attributes:
        worn: what the rows of the pass under way wear here, None for nothing.
    """

    worn: "Worn | None" = None

    def own(self) -> tuple[Tensor, Tensor | None]:
        """The layer's own weight and bias."""
        raise NotImplementedError

    def by(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """The layer's answer by other weights than its own; factors' `down` is one, too."""
        raise NotImplementedError

    def answer(self, x: Tensor) -> Tensor:
        """The layer's answer, each row as it is dressed."""
        if self.worn is None:
            return self.by(x, *self.own())
        return self.worn.answer(self, x)


class Linear(Wearable, nn.Linear):
    """A linear layer that can be worn on."""

    def own(self) -> tuple[Tensor, Tensor | None]:
        return self.weight, self.bias

    def by(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return functional.linear(x, weight, bias)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's own name
        return self.answer(input)


class Conv2d(Wearable, nn.Conv2d):
    """A convolution that can be worn on; stride and padding are the same for what is added."""

    def own(self) -> tuple[Tensor, Tensor | None]:
        return self.weight, self.bias

    def by(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not has_few_cells(x, self.stride[0]):
            return self._conv_forward(x, weight, bias)
        mode = "constant" if self.padding_mode == "zeros" else self.padding_mode
        padded = functional.pad(x, self._reversed_padding_repeated_twice, mode)
        return convolved(padded, weight, bias, self.stride[0])

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return self.answer(input)


class GroupNorm(Wearable, nn.GroupNorm):
    """A group normalisation that can be worn on."""

    def own(self) -> tuple[Tensor, Tensor | None]:
        return self.weight, self.bias

    def by(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return functional.group_norm(x, self.num_groups, weight, bias, self.eps)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return self.answer(input)


class LayerNorm(Wearable, nn.LayerNorm):
    """A layer normalisation that can be worn on."""

    def own(self) -> tuple[Tensor, Tensor | None]:
        return self.weight, self.bias

    def by(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return functional.layer_norm(x, self.normalized_shape, weight, bias, self.eps)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        return self.answer(input)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Outfit:
    """A set of adapters as one network wears it.

    Attributes:
        key: equal for sets that change the network alike.
        pieces: what is worn on which layer; nothing on the others.
    """

    key: Hashable = ()
    pieces: Mapping[Wearable, Piece] = field(default_factory=dict[Wearable, Piece])


NOTHING = Outfit()


class Worn:
    """What the rows of a pass wear on one layer.

    Args:
        spans: which rows wear which piece.
        rows: of the pass; 0 where one piece is worn by all rows, however many come.
    """

    def __init__(self, spans: Sequence[tuple[slice, Piece]], rows: int) -> None:
        self._spans, self._rows = spans, rows

    def answer(self, layer: Wearable, x: Tensor) -> Tensor:
        """A layer's answer to (B, …), each row as it is dressed."""
        first = self._spans[0][1]
        if self._rows == 0:
            return _dressed(layer, x, first)
        if len(x) != self._rows:
            raise ValueError(f"{len(x)} rows in clothes of {self._rows}: this is a bug")
        answer = layer.by(x, *layer.own())
        for rows, piece in self._spans:
            if isinstance(piece, Changed):
                answer[rows] = piece.answer(layer, x[rows])
            else:
                for term in piece:
                    term.add_to(answer[rows], layer, x[rows])
        return answer


@contextmanager
def wearing(outfits: Sequence[Outfit]) -> Generator[None]:
    """Have the rows of the passes in here wear an outfit each, or all of them the only one."""
    worn = _by_layer(outfits)
    for layer, pieces in worn.items():
        layer.worn = pieces
    try:
        yield
    finally:
        for layer in worn:
            layer.worn = None


def bytes_of(outfits: Iterable[Outfit]) -> int:
    """Memory that outfits take, factors they share counted once."""
    pieces = [piece for outfit in outfits for piece in outfit.pieces.values()]
    shared = {term.factors for piece in pieces if isinstance(piece, tuple) for term in piece}
    changed = sum(piece.bytes for piece in pieces if isinstance(piece, Changed))
    return changed + sum(factors.bytes for factors in shared)


def _by_layer(outfits: Sequence[Outfit]) -> dict[Wearable, Worn]:
    """Neighbours in equal clothes are one span; so nothing is ever gathered or scattered."""
    if all(outfit is outfits[0] for outfit in outfits):
        return {
            layer: Worn([(slice(None), piece)], 0)
            for layer, piece in (outfits[0].pieces.items() if outfits else ())
        }
    spans: dict[Wearable, list[tuple[slice, Piece]]] = {}
    start = 0
    for outfit, neighbours in groupby(outfits):
        rows = slice(start, start + sum(1 for _ in neighbours))
        start = rows.stop
        for layer, piece in outfit.pieces.items():
            spans.setdefault(layer, []).append((rows, piece))
    return {layer: Worn(pieces, start) for layer, pieces in spans.items()}


def _dressed(layer: Wearable, x: Tensor, piece: Piece) -> Tensor:
    if isinstance(piece, Changed):
        return piece.answer(layer, x)
    answer = layer.by(x, *layer.own())
    for term in piece:
        term.add_to(answer, layer, x)
    return answer


def _beside(x: Tensor, piece: Tensor) -> Tensor:
    """A piece where its layer computes, and in that precision."""
    if piece.device == x.device and piece.dtype == x.dtype:
        return piece
    return piece.to(x.device, x.dtype)
