"""OpenCLIP's text encoder as single files name it (`cond_stage_model.model.` stripped).

It is the only text encoder of SD 2.x (width 1024) and the second of SDXL (width 1280).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from tintype.networks.embeddings import PlacedEmbedding, insert
from tintype.networks.layers import attend
from tintype.networks.stages import Stage
from tintype.networks.wearing import LayerNorm, Linear, Wearable


@dataclass(frozen=True, slots=True)
class OpenClipConfig:
    """Everything needed to build an OpenCLIP text encoder.

    Attributes:
        width: channels of a token.
        layers: transformer layers.
        heads: attention heads; one for each 64 channels.
        vocabulary: rows of the token table.
        positions: longest text in tokens.
        hidden_width: channels inside the feed-forward layers.
        projection_width: channels of the pooled text.
    """

    width: int
    layers: int
    heads: int
    vocabulary: int
    positions: int
    hidden_width: int
    projection_width: int


class OpenClipAttention(Wearable):
    """Causal self-attention with queries, keys and values in one stacked matrix, worn on as one."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * width, width))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * width))
        self.out_proj = Linear(width, width)

    def own(self) -> tuple[Tensor, Tensor | None]:
        return self.in_proj_weight, self.in_proj_bias

    def by(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return functional.linear(x, weight, bias)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.answer(x).chunk(3, dim=-1)
        return self.out_proj(attend(q, k, v, self.heads, causal=True))


class OpenClipMlp(nn.Module):
    """Feed-forward layers around the exact GELU."""

    def __init__(self, width: int, hidden_width: int) -> None:
        super().__init__()
        self.c_fc = Linear(width, hidden_width)
        self.c_proj = Linear(hidden_width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.c_proj(functional.gelu(self.c_fc(x)))


class OpenClipLayer(Stage):
    """One pre-normalised transformer layer."""

    def __init__(self, config: OpenClipConfig) -> None:
        super().__init__()
        self.ln_1 = LayerNorm(config.width)
        self.attn = OpenClipAttention(config.width, config.heads)
        self.ln_2 = LayerNorm(config.width)
        self.mlp = OpenClipMlp(config.width, config.hidden_width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class OpenClipLayers(nn.Module):
    """The stack of layers."""

    def __init__(self, config: OpenClipConfig) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(OpenClipLayer(config) for _ in range(config.layers))


class OpenClipText(nn.Module):
    """OpenCLIP's text tower. Files also hold `logit_scale`, which no picture depends on."""

    def __init__(self, config: OpenClipConfig) -> None:
        super().__init__()
        self.config = config
        self.positional_embedding = nn.Parameter(torch.zeros(config.positions, config.width))
        self.text_projection = nn.Parameter(torch.zeros(config.width, config.projection_width))
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.transformer = OpenClipLayers(config)
        self.ln_final = LayerNorm(config.width)

    def penultimate(self, tokens: Tensor, own_words: Sequence[PlacedEmbedding] = ()) -> Tensor:
        """Hidden states before the last layer, not normalised.

        SDXL is conditioned on them as they are, SD 2.x on `ln_final` of them.

        Args:
            tokens: (B, T) ids including start and end, T at most `config.positions`.
            own_words: textual inversions, in place of the tokens there.

        Returns:
            (B, T, width).
        """
        words = insert(self.token_embedding(tokens), own_words, "clip_g")
        x = words + self.positional_embedding[: tokens.shape[1]]
        for layer in self.transformer.resblocks[:-1]:
            x = layer(x)
        return x

    def pooled(self, tokens: Tensor, penultimate: Tensor) -> Tensor:
        """One vector for each text: its first end token after all layers, projected.

        Args:
            tokens: (B, T) ids; the end token has the highest id in its row.
            penultimate: (B, T, width) what `penultimate` answered for them.

        Returns:
            (B, projection_width).
        """
        last = self.ln_final(self.transformer.resblocks[-1](penultimate))
        rows = torch.arange(len(tokens), device=tokens.device)
        return last[rows, tokens.argmax(dim=-1)] @ self.text_projection
