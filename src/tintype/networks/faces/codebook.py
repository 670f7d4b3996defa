"""The autoencoder in CodeFormer: from faces to cells that are looked up in a codebook, and back.

Sources: Esser et al. 2021, arXiv:2012.09841 (VQGAN); Zhou et al. 2022, arXiv:2206.11253
(CodeFormer). Modules stand in two flat lists, numbered as in `codeformer-v0.1.0.pth`; the pieces
are those of Stable Diffusion's autoencoder, which descends from the same.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from torch import Tensor, nn

from tintype.networks.layers import NORM_GROUPS
from tintype.networks.vae import VaeAttention, VaeDownsample, VaeResBlock, VaeUpsample

Fuse = Callable[[int, Tensor], Tensor]

_BEFORE_DOUBLING = 8  # blocks: a convolution, the middle's three, and four at the smallest size
_OF_A_SIZE = 3  # blocks: two residual ones and a change of size


class FaceEncoder(nn.Module):
    """From faces (B, 3, S, S) in −1 … 1 to cells (B, C, S / 32, S / 32)."""

    def __init__(self, channels: Sequence[int], cell_channels: int) -> None:
        super().__init__()
        self._levels = len(channels)
        self.blocks = nn.ModuleList(
            (
                nn.Conv2d(3, channels[0], 3, padding=1),
                *_down(channels),
                *_end(channels[-1]),
                *_out(channels[-1], cell_channels),
            )
        )

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The cells, and what was seen at each size but the smallest, the largest first."""
        lasts = {2 + _OF_A_SIZE * level for level in range(self._levels - 1)}
        seen: list[Tensor] = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in lasts:
                seen.append(x)
        return x, seen


class FaceDecoder(nn.Module):
    """From cells (B, C, s, s) to faces (B, 3, 32 s, 32 s), about in −1 … 1."""

    def __init__(self, channels: Sequence[int], cell_channels: int) -> None:
        super().__init__()
        self._levels = len(channels)
        self.blocks = nn.ModuleList(
            (
                nn.Conv2d(cell_channels, channels[-1], 3, padding=1),
                *_end(channels[-1]),
                *_up(channels),
                *_out(channels[0], 3),
            )
        )

    def forward(self, x: Tensor, fused: Fuse) -> Tensor:
        """Paint; `fused` may change each size but the smallest after its first residual block."""
        firsts = {
            _BEFORE_DOUBLING + 1 + _OF_A_SIZE * done: self._levels - 2 - done
            for done in range(self._levels - 1)
        }
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in firsts:
                x = fused(firsts[number], x)
        return x


def _res(inputs: int, outputs: int) -> VaeResBlock:
    return VaeResBlock(inputs, outputs, NORM_GROUPS)


def _down(channels: Sequence[int]) -> Iterator[nn.Module]:
    """Two residual blocks for each size, which attend at the smallest."""
    for inputs, outputs in pairwise((channels[0], *channels[:-1])):
        yield from (_res(inputs, outputs), _res(outputs, outputs), VaeDownsample(outputs))
    yield from _attending(channels[-2], channels[-1])


def _up(channels: Sequence[int]) -> Iterator[nn.Module]:
    yield from _attending(channels[-1], channels[-1])
    for inputs, outputs in pairwise(channels[::-1]):
        yield from (VaeUpsample(inputs), _res(inputs, outputs), _res(outputs, outputs))


def _attending(inputs: int, outputs: int) -> Iterator[nn.Module]:
    yield from (_res(inputs, outputs), VaeAttention(outputs, NORM_GROUPS))
    yield from (_res(outputs, outputs), VaeAttention(outputs, NORM_GROUPS))


def _end(channels: int) -> Iterator[nn.Module]:
    attention = VaeAttention(channels, NORM_GROUPS)
    yield from (_res(channels, channels), attention, _res(channels, channels))


def _out(inputs: int, outputs: int) -> Iterator[nn.Module]:
    yield nn.GroupNorm(NORM_GROUPS, inputs, eps=1e-6)
    yield nn.Conv2d(inputs, outputs, 3, padding=1)
