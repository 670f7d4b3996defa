"""Small model files (LoRAs and their relatives): their tensors, whatever they are kept in."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from tintype.networks.reading import Place, dtype_of, read_into
from tintype.tensorfiles import content, naming, tensors_of


def read_content(path: Path) -> Mapping[str, object]:
    """What a file holds, by name; tensors are still on disk. Pickles are read, but never run.

    Raises:
        ModelError: the file is missing, torn, or no file of tensors.
    """
    with naming(path.name):
        return content(path)


def tensors_in(content: object) -> dict[str, Tensor]:
    """The tensors directly in a mapping, read from disk, on the CPU and in their own types.

    Raises:
        ModelError: the file was cut short, or has a type that torch does not know.
    """
    stored = tensors_of(content)
    tensors = {name: torch.empty(s.shape, dtype=dtype_of(s)) for name, s in stored.items()}
    read_into([Place(stored[name], tensor) for name, tensor in tensors.items()])
    return tensors
