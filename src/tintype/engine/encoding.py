"""From the chunks of a prompt's variants to their conditionings."""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from tintype.core.models import EmbeddingRecord
from tintype.core.orders import Chunk, Conditioning, Emphasis, Encode, Frame
from tintype.networks import Embedding, LoadedCheckpoint, Outfit, PlacedEmbedding

_NEUTRAL: tuple[Emphasis, ...] = ("Ignore", "None")


def encoded(
    order: Encode,
    network: LoadedCheckpoint,
    read: Callable[[EmbeddingRecord], Embedding],
    outfit: Outfit,
) -> tuple[Conditioning, ...]:
    """Encode the variants of a prompt, the first chunks of all together, then the second ones.

    Args:
        order: what to encode.
        network: its network, ready to encode text.
        read: vectors of a textual inversion.
        outfit: what the text encoders wear.

    Raises:
        ModelError: a textual inversion cannot be used.
    """
    columns = list(zip(*order.texts, strict=True))
    parts = [_encoded_column(column, order, network, read, outfit) for column in columns]
    contexts = torch.cat([context for context, _ in parts], dim=1)
    pooled = parts[0][1]
    return tuple(
        Conditioning(context, None if pooled is None else pooled[row])
        for row, context in enumerate(contexts)
    )


def framed(
    words: Sequence[Conditioning], frame: Frame, network: LoadedCheckpoint
) -> tuple[Conditioning, ...]:
    """Pooled texts completed with what SDXL's networks are told of the picture.

    Words that are blank count as nothing at all, as in A1111.
    """
    made: list[Conditioning] = []
    for side in words:
        context, pooled = side.context, cast(Tensor, side.vector)
        if frame.is_blank:
            context, pooled = torch.zeros_like(context), torch.zeros_like(pooled)
        made.append(Conditioning(context, network.vector(pooled, frame)))
    return tuple(made)


def _encoded_column(
    chunks: Sequence[Chunk],
    order: Encode,
    network: LoadedCheckpoint,
    read: Callable[[EmbeddingRecord], Embedding],
    outfit: Outfit,
) -> tuple[Tensor, Tensor | None]:
    """Encode one chunk of each variant: context (V, 77, C) and pooled text."""
    tokens = torch.tensor([chunk.tokens for chunk in chunks], device=network.device)
    own_words = [
        PlacedEmbedding(row, place, read(record))
        for row, chunk in enumerate(chunks)
        for place, record in chunk.embeddings
    ]
    context, pooled = network.encode_text(tokens, order.clip_skip, own_words, outfit)
    if order.emphasis in _NEUTRAL:
        return context, pooled
    weights = torch.tensor([chunk.weights for chunk in chunks], device=context.device)
    widths = list(network.text.widths)
    encodings: Sequence[Tensor] = torch.split(context, widths, dim=-1)
    weighed = [emphasised(encoding, weights, order.emphasis) for encoding in encodings]
    return torch.cat(weighed, dim=-1), pooled


def emphasised(encoding: Tensor, weights: Tensor, emphasis: Emphasis) -> Tensor:
    """Multiply an encoding by its tokens' weights.

    "Original" then brings the mean over everything back to where it was, which A1111 does also
    where all weights are 1.

    Args:
        encoding: (V, T, C) of one text encoder.
        weights: (V, T).
        emphasis: "Original" or "No norm".
    """
    before = encoding.float()
    weighed = before * weights[:, :, None]
    if emphasis == "Original":
        weighed = weighed * (before.mean() / weighed.mean())
    return weighed.to(encoding.dtype)
