"""Textual inversions: vectors that stand in a text where the vocabulary has no word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from tintype.errors import ModelError
from tintype.networks.small_file import read_content, tensors_in

_FOR_TWO_ENCODERS = ("clip_l", "clip_g")


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """Vectors of a textual inversion.

    Attributes:
        name: of its file.
        tables: (n, C) for each text encoder it serves: "clip_l" and "clip_g" of SDXL, or a single
            table for checkpoints with a single encoder.
    """

    name: str
    tables: Mapping[str, Tensor]

    def vectors(self, encoder: str, width: int) -> Tensor:
        """The (n, width) vectors for an encoder; `ModelError` if they are made for another."""
        only = next(iter(self.tables.values())) if len(self.tables) == 1 else None
        table = self.tables.get(encoder, only)
        if table is None or table.shape[1] != width:
            widths = " and ".join(str(table.shape[1]) for table in self.tables.values())
            raise ModelError(
                f"The embedding {self.name} has vectors of {widths} channels and serves no"
                f" checkpoint whose text encoder has {width}."
            )
        return table


@dataclass(frozen=True, slots=True, eq=False)
class PlacedEmbedding:
    """An embedding in a batch of chunks.

    Attributes:
        row: which chunk.
        place: where its first vector stands, 0 … 76; those behind the last place are cut off.
    """

    row: int
    place: int
    embedding: Embedding


def insert(words: Tensor, own_words: Sequence[PlacedEmbedding], encoder: str) -> Tensor:
    """Put embeddings in place of the words (B, T, C) of an encoder's vocabulary."""
    for own in own_words:
        vectors = own.embedding.vectors(encoder, words.shape[2])[: words.shape[1] - own.place]
        words[own.row, own.place : own.place + len(vectors)] = vectors.to(words)
    return words


def read_embedding(path: Path) -> Embedding:
    """Read a textual inversion: A1111's own files, diffusers' and those for SDXL.

    Raises:
        ModelError: the file cannot be read, or holds something else.
    """
    content = read_content(path)
    tensors = tensors_in(content.get("string_to_param", content))
    if all(name in tensors for name in _FOR_TWO_ENCODERS):
        tensors = {name: tensors[name] for name in _FOR_TWO_ENCODERS}
    elif len(tensors) != 1:
        raise ModelError(
            f"{path.name} is no textual inversion: expected were one tensor, or clip_l and clip_g;"
            f" it has {len(tensors)}."
        )
    tables = {name: t[None] if t.ndim == 1 else t for name, t in tensors.items()}
    if any(table.ndim != 2 or not table.numel() for table in tables.values()):
        raise ModelError(f"{path.name} is no textual inversion: its tensor holds no rows of words.")
    return Embedding(path.stem, tables)
