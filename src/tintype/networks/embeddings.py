"""Textual inversions: vectors that stand in a text where the vocabulary has no word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from tintype.errors import ModelError
from tintype.networks.reading import read_tensor
from tintype.tensorfiles import (
    Inversion,
    StoredTensor,
    Written,
    bundled_inversions,
    naming,
    open_inversion,
)


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """Vectors of a textual inversion.

    Attributes:
        name: of its file, or what a picture calls it.
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
    """Read a textual inversion of any kind; see `open_inversion`.

    Raises:
        ModelError: the file cannot be read, or holds something else.
    """
    with naming(path.name):
        found = open_inversion(path)
        return _read(found, found.name or path.stem)


def read_bundled(path: Path, name: str) -> Embedding:
    """Read the textual inversion of that name in a LoRA's file.

    Raises:
        ModelError: the file cannot be read, or has none of that name.
    """
    with naming(path.name):
        found = bundled_inversions(path).get(name)
        if found is None:
            raise ModelError(f"There is no embedding {name} in it.")
        return _read(found, name)


def _read(found: Inversion, name: str) -> Embedding:
    return Embedding(name, {encoder: _table(table) for encoder, table in found.tables.items()})


def _table(table: StoredTensor | Written) -> Tensor:
    if isinstance(table, Written):
        return torch.tensor(table.numbers, dtype=torch.float32).reshape(table.shape)
    return read_tensor(table)
