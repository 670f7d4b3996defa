"""CodeFormer: a transformer that guesses what the cells of a face were before they were damaged.

Source: Zhou et al. 2022, arXiv:2206.11253. Module names are those of `codeformer-v0.1.0.pth`, but
for `conv_out` of residual blocks, see `under_our_names`.
"""

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from tintype.core.restorer_files import CODEFORMER_HEADS, CodeFormerSizes
from tintype.networks.faces.codebook import FaceDecoder, FaceEncoder
from tintype.networks.layers import NORM_GROUPS, attend, picture_of, tokens_of
from tintype.networks.vae import VaeResBlock

_SLOPE = 0.2
_LEAST_VARIANCE = 1e-5
T = TypeVar("T")


def under_our_names(tensors: Mapping[str, T]) -> dict[str, T]:
    """A file's tensors, with the shortcuts of residual blocks called as in `VaeResBlock`."""
    return {name.replace(".conv_out.", ".nin_shortcut."): one for name, one in tensors.items()}


class _Attention(nn.Module):
    """Attention whose queries and keys know their places, and whose values do not."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        q, k, v = (
            functional.linear(given, weight, bias)
            for given, weight, bias in zip(
                (x + places, x + places, x), weights, biases, strict=True
            )
        )
        return self.out_proj(attend(q, k, v, CODEFORMER_HEADS))


class _Layer(nn.Module):
    def __init__(self, sizes: CodeFormerSizes) -> None:
        super().__init__()
        self.self_attn = _Attention(sizes.width)
        self.linear1 = nn.Linear(sizes.width, sizes.hidden_width)
        self.linear2 = nn.Linear(sizes.hidden_width, sizes.width)
        self.norm1, self.norm2 = nn.LayerNorm(sizes.width), nn.LayerNorm(sizes.width)

    def forward(self, x: Tensor, places: Tensor) -> Tensor:
        x = x + self.self_attn(self.norm1(x), places)
        return x + self.linear2(functional.gelu(self.linear1(self.norm2(x))))


class _Fusion(nn.Module):
    """What was seen in the damaged face bends what is painted, by as much as is wished."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.encode_enc = VaeResBlock(2 * channels, channels, NORM_GROUPS)
        self.scale, self.shift = _convolutions(channels), _convolutions(channels)

    def forward(self, seen: Tensor, painted: Tensor, weight: float) -> Tensor:
        both = self.encode_enc(torch.cat((seen, painted), 1))
        return painted + weight * (painted * self.scale(both) + self.shift(both))


class _Codebook(nn.Module):
    def __init__(self, codes: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(codes, width)


class CodeFormer(nn.Module):
    """From faces (B, 3, S, S) in −1 … 1 to restored ones, about in −1 … 1."""

    def __init__(self, sizes: CodeFormerSizes) -> None:
        super().__init__()
        self.sizes, channels = sizes, sizes.channels
        self.position_emb = nn.Parameter(torch.zeros(sizes.cells, sizes.width))
        self.encoder = FaceEncoder(channels, sizes.code_width)
        self.quantize = _Codebook(sizes.codes, sizes.code_width)
        self.generator = FaceDecoder(channels, sizes.code_width)
        self.feat_emb = nn.Linear(sizes.code_width, sizes.width)
        self.ft_layers = nn.ModuleList(_Layer(sizes) for _ in range(sizes.layers))
        self.idx_pred_layer = nn.Sequential(
            nn.LayerNorm(sizes.width), nn.Linear(sizes.width, sizes.codes, bias=False)
        )
        self.fuse_convs_dict = nn.ModuleDict(
            {_size_of(level): _Fusion(channels[level]) for level in sizes.fused}
        )

    def forward(self, faces: Tensor, weight: float) -> Tensor:
        """Restored faces: with a weight of 0 painted from codes alone, with 1 closest to given."""
        cells, seen = self.encoder(faces)

        def fused(level: int, x: Tensor) -> Tensor:
            if weight == 0 or level not in self.sizes.fused:
                return x
            return self.fuse_convs_dict[_size_of(level)](seen[level], x, weight)

        guessed = picture_of(self.quantize.embedding(self.codes(cells)), cells)
        return self.generator(_coloured(guessed, cells), fused)

    def codes(self, cells: Tensor) -> Tensor:
        """The likeliest code of each cell.

        Args:
            cells: (B, C, s, s) of a damaged face.

        Returns:
            (B, s²) whole numbers.
        """
        x = self.feat_emb(tokens_of(cells))
        for layer in self.ft_layers:
            x = layer(x, self.position_emb)
        return self.idx_pred_layer(x).argmax(-1)


def _coloured(x: Tensor, like: Tensor) -> Tensor:
    """`x` with each channel's mean and deviation as in `like`, which keeps the face's light.

    Source: Huang and Belongie 2017, arXiv:1703.06868, equation 8.
    """
    mean, deviation = _statistics(x)
    wanted_mean, wanted_deviation = _statistics(like)
    return (x - mean) / deviation * wanted_deviation + wanted_mean


def _statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    variance, mean = torch.var_mean(x, dim=(2, 3), keepdim=True)
    return mean, (variance + _LEAST_VARIANCE).sqrt()


def _size_of(level: int) -> str:
    """How a file calls a size: by the side of a face of 512 pixels there."""
    return str(512 >> level)


def _convolutions(channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 3, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.Conv2d(channels, channels, 3, padding=1),
    )
