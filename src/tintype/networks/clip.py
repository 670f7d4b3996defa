"""CLIP's text encoder as the SD 1.x files name it (`cond_stage_model.transformer.` stripped)."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tintype.networks.embeddings import PlacedEmbedding, insert
from tintype.networks.layers import attend
from tintype.networks.stages import Stage
from tintype.networks.wearing import LayerNorm, Linear


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """Everything needed to build a text encoder.

    Attributes:
        width: channels of a token.
        layers: transformer layers.
        heads: attention heads; CLIP has one for each 64 channels.
        vocabulary: rows of the token table.
        positions: longest text in tokens.
        hidden_width: channels inside the feed-forward layers.
    """

    width: int
    layers: int
    heads: int
    vocabulary: int = 49408
    positions: int = 77
    hidden_width: int = 0


class ClipEmbeddings(Stage):
    """Token and position tables."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocabulary, config.width)
        self.position_embedding = nn.Embedding(config.positions, config.width)

    def forward(self, tokens: Tensor, own_words: Sequence[PlacedEmbedding] = ()) -> Tensor:
        words = insert(self.token_embedding(tokens), own_words, "clip_l")
        return words + self.position_embedding.weight[: tokens.shape[1]]


class ClipAttention(nn.Module):
    """Causal self-attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.k_proj = Linear(width, width)
        self.v_proj = Linear(width, width)
        self.q_proj = Linear(width, width)
        self.out_proj = Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.q_proj(x), self.k_proj(x), self.v_proj(x)
        return self.out_proj(attend(q, k, v, self.heads, causal=True))


class ClipMlp(nn.Module):
    """Feed-forward layers around the sigmoid approximation of GELU that CLIP-L was trained with."""

    def __init__(self, width: int, hidden_width: int) -> None:
        super().__init__()
        self.fc1 = Linear(width, hidden_width)
        self.fc2 = Linear(hidden_width, width)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.fc1(x)
        return self.fc2(hidden * torch.sigmoid(1.702 * hidden))


class ClipLayer(Stage):
    """One pre-normalised transformer layer."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.self_attn = ClipAttention(config.width, config.heads)
        self.layer_norm1 = LayerNorm(config.width)
        self.mlp = ClipMlp(config.width, config.hidden_width or 4 * config.width)
        self.layer_norm2 = LayerNorm(config.width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class ClipEncoder(nn.Module):
    """The stack of layers."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(ClipLayer(config) for _ in range(config.layers))


class ClipTextModel(nn.Module):
    """Embeddings, layers and the final normalisation."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.embeddings = ClipEmbeddings(config)
        self.encoder = ClipEncoder(config)
        self.final_layer_norm = LayerNorm(config.width)


class ClipText(nn.Module):
    """CLIP's text tower, up to the hidden states that condition the U-Net."""

    def __init__(self, config: ClipConfig) -> None:
        super().__init__()
        self.config = config
        self.text_model = ClipTextModel(config)

    def forward(
        self, tokens: Tensor, clip_skip: int = 1, own_words: Sequence[PlacedEmbedding] = ()
    ) -> Tensor:
        """Encode whole chunks of tokens.

        Args:
            tokens: (B, T) ids including start and end, T at most `config.positions`.
            clip_skip: stop this many layers from the end, 1 meaning the last.
            own_words: textual inversions, in place of the tokens there.

        Returns:
            (B, T, width), after the final normalisation.
        """
        return self.text_model.final_layer_norm(self.hidden(tokens, clip_skip, own_words))

    def hidden(
        self, tokens: Tensor, clip_skip: int = 2, own_words: Sequence[PlacedEmbedding] = ()
    ) -> Tensor:
        """Hidden states as `forward`, but not normalised; SDXL takes the last layer's input."""
        x = self.text_model.embeddings(tokens, own_words)
        for layer in self.text_model.encoder.layers[: max(0, self.config.layers + 1 - clip_skip)]:
            x = layer(x)
        return x
