"""BLIP's eye: a vision transformer, named as in the original files (`visual_encoder.` stripped).

Source: Dosovitskiy et al. 2021, arXiv:2010.11929; Li et al. 2022, arXiv:2201.12086, section 3.1.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tintype.networks.layers import attend, tokens_of


@dataclass(frozen=True, slots=True)
class VisionConfig:
    """Everything needed to build an eye.

    Attributes:
        width: channels of a token.
        layers: transformer layers.
        heads: attention heads.
        side: of the square pictures it sees, in pixels.
        patch: side of the squares that become tokens, in pixels.
        hidden_width: channels inside the feed-forward layers.
        epsilon: of its normalisations.
    """

    width: int
    layers: int
    heads: int
    side: int
    patch: int
    hidden_width: int
    epsilon: float = 1e-6


class _Patches(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, config.width, config.patch, stride=config.patch)


class _Attention(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.proj = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        return self.proj(attend(q, k, v, self.heads))


class _FeedForward(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.fc1 = nn.Linear(config.width, config.hidden_width)
        self.fc2 = nn.Linear(config.hidden_width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


class _Block(nn.Module):
    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.width, config.epsilon)
        self.attn = _Attention(config)
        self.norm2 = nn.LayerNorm(config.width, config.epsilon)
        self.mlp = _FeedForward(config)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class BlipVision(nn.Module):
    """Pictures to tokens."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        tokens = 1 + (config.side // config.patch) ** 2
        self.cls_token = nn.Parameter(torch.empty(1, 1, config.width))
        self.pos_embed = nn.Parameter(torch.empty(1, tokens, config.width))
        self.patch_embed = _Patches(config)
        self.blocks = nn.ModuleList(_Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, config.epsilon)

    def forward(self, pixels: Tensor) -> Tensor:
        """See pictures (B, 3, side, side), normalised: (B, 1 + patches, width)."""
        patches = tokens_of(self.patch_embed.proj(pixels))
        first = self.cls_token.expand(len(pixels), -1, -1)
        x = torch.cat([first, patches], dim=1) + self.pos_embed
        for block in self.blocks:
            x = block(x)
        return self.norm(x)
