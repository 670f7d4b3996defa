"""A table of contents: each tensor by name, and the bytes on disk that it is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Some bytes of a file.

    Attributes:
        path: which file.
        offset: where they begin.
        bytes: how many they are.
    """

    path: Path
    offset: int
    bytes: int


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor on disk, row by row and little end first.

    Attributes:
        shape: as its reader wants it.
        dtype: in the words of safetensors: F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I64, …, BOOL.
        slices: its bytes, one piece after the other; several where a file holds apart what we keep
            together, such as the queries, keys and values of an attention.
        is_transposed: it is a matrix that lies on disk column by column.
    """

    shape: Shape
    dtype: str
    slices: tuple[Slice, ...]
    is_transposed: bool = False

    @property
    def bytes(self) -> int:
        """Bytes on disk."""
        return sum(piece.bytes for piece in self.slices)


@dataclass(frozen=True)
class TensorTable:
    """The tensors of a model, be it one file or a folder of them.

    Attributes:
        tensors: by name; of checkpoints by the name they have in the reference single files.
        metadata: free text of the header, or what a pickle holds beside its tensors.
    """

    tensors: Mapping[str, StoredTensor]
    metadata: Mapping[str, object] = field(default_factory=dict[str, object])

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """Shape of every tensor, by name."""
        return {name: tensor.shape for name, tensor in self.tensors.items()}
