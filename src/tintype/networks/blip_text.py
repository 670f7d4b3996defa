"""BLIP's tongue: a BERT that sees a picture, named as in all files (`text_decoder.` stripped).

It goes on word by word: of what was said before, only keys and values are kept.

Source: Devlin et al. 2018, arXiv:1810.04805; Li et al. 2022, arXiv:2201.12086, section 3.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from tintype.networks.layers import attend

KeysValues = tuple[Tensor, Tensor]
"""Of one layer: (B, T, C) each."""

_EPSILON = 1e-12  # of BERT's normalisations


@dataclass(frozen=True, slots=True)
class TextConfig:
    """Everything needed to build a tongue.

    Attributes:
        width: channels of a token.
        layers: transformer layers.
        heads: attention heads.
        vocabulary: rows of the token table.
        positions: longest text in tokens.
        hidden_width: channels inside the feed-forward layers.
        seen_width: channels of the picture's tokens.
    """

    width: int
    layers: int
    heads: int
    vocabulary: int
    positions: int
    hidden_width: int
    seen_width: int


class _Added(nn.Module):
    """A linear layer, added to what went around it, then normalised."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, width)
        self.LayerNorm = nn.LayerNorm(width, _EPSILON)

    def forward(self, x: Tensor, around: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(x) + around)


class _Projections(nn.Module):
    def __init__(self, width: int, key_width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(key_width, width)
        self.value = nn.Linear(key_width, width)


class _Attention(nn.Module):
    def __init__(self, config: TextConfig, key_width: int) -> None:
        super().__init__()
        self.heads = config.heads
        self.self = _Projections(config.width, key_width)
        self.output = _Added(config.width, config.width)

    def keys_values(self, x: Tensor) -> KeysValues:
        return self.self.key(x), self.self.value(x)

    def forward(self, x: Tensor, known: KeysValues, *, causal: bool = False) -> Tensor:
        keys, values = known
        found = attend(self.self.query(x), keys, values, self.heads, causal=causal)
        return self.output(found, x)


class _Dense(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)


class _Layer(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.attention = _Attention(config, config.width)
        self.crossattention = _Attention(config, config.seen_width)
        self.intermediate = _Dense(config.width, config.hidden_width)
        self.output = _Added(config.hidden_width, config.width)

    def forward(
        self, x: Tensor, said: KeysValues | None, seen: KeysValues
    ) -> tuple[Tensor, KeysValues]:
        here = self.attention.keys_values(x)
        if said is not None:
            here = torch.cat([said[0], here[0]], dim=1), torch.cat([said[1], here[1]], dim=1)
        x = self.attention(x, here, causal=said is None)
        x = self.crossattention(x, seen)
        hidden = functional.gelu(self.intermediate.dense(x))
        return self.output(hidden, x), here


class _Embeddings(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocabulary, config.width)
        self.position_embeddings = nn.Embedding(config.positions, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, _EPSILON)

    def forward(self, tokens: Tensor, first: int) -> Tensor:
        places = self.position_embeddings.weight[first : first + tokens.shape[1]]
        return self.LayerNorm(self.word_embeddings(tokens) + places)


class _Encoder(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.layer = nn.ModuleList(_Layer(config) for _ in range(config.layers))


class _Bert(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.embeddings = _Embeddings(config)
        self.encoder = _Encoder(config)


class _Transform(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.width, config.width)
        self.LayerNorm = nn.LayerNorm(config.width, _EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return self.LayerNorm(functional.gelu(self.dense(x)))


class _Predictions(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.empty(config.vocabulary))
        self.transform = _Transform(config)


class _Head(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.predictions = _Predictions(config)


class BlipText(nn.Module):
    """Words that may follow. Its last layer is its token table, as it was trained."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.bert = _Bert(config)
        self.cls = _Head(config)

    def looked(self, seen: Tensor) -> list[KeysValues]:
        """What each layer wants of a picture's tokens (1, S, seen_width)."""
        layers = (cast("_Layer", layer) for layer in self.bert.encoder.layer)
        return [layer.crossattention.keys_values(seen) for layer in layers]

    def forward(
        self, tokens: Tensor, said: Sequence[KeysValues] | None, looked: Sequence[KeysValues]
    ) -> tuple[Tensor, list[KeysValues]]:
        """Go on.

        Args:
            tokens: (B, T) ids that were not said before; one each, but at the beginning.
            said: of each layer, what it kept of the ids before them; None at the beginning.
            looked: see `looked`.

        Returns:
            (B, V) logits of what may follow the last ids; and what is to be kept of all ids.
        """
        kept: list[KeysValues] = []
        first = 0 if said is None else said[0][0].shape[1]
        x = self.bert.embeddings(tokens, first)
        for number, layer in enumerate(self.bert.encoder.layer):
            keys, values = (one.expand(len(tokens), -1, -1) for one in looked[number])
            x, here = layer(x, None if said is None else said[number], (keys, values))
            kept.append(here)
        found = self.cls.predictions.transform(x[:, -1])
        table = self.bert.embeddings.word_embeddings.weight
        return functional.linear(found, table, self.cls.predictions.bias), kept
