"""Small model files (LoRAs, textual inversions): their tensors, from safetensors or from pickles.

Pickles are read by torch's `weights_only` reader, which builds tensors and containers and runs no
code of the file.
"""

from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import cast

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from tintype.errors import ModelError
from tintype.networks.checkpoint_file import CheckpointFile, why_unreadable


def read_content(path: Path) -> Mapping[str, object]:
    """What a file holds, by name; tensors of safetensors files stay mapped from it.

    Raises:
        ModelError: the file is missing, torn, or no file of tensors.
    """
    if not path.is_file():
        raise ModelError(f"{path.name}: there is no such file.")
    if path.suffix.lower() == ".safetensors":
        return _from_safetensors(path)
    return _from_pickle(path)


def tensors_in(content: object) -> dict[str, Tensor]:
    """The tensors directly in a mapping (or an old torch module that is one)."""
    content = getattr(content, "_parameters", None) or content
    if not isinstance(content, Mapping):
        return {}
    items = cast("Mapping[object, object]", content).items()
    return {str(key): value.detach() for key, value in items if isinstance(value, Tensor)}


def _from_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        handle = safe_open(path, framework="pt")
        with handle:
            file = CheckpointFile(handle)
            return {name: file.tensor(name) for name in file.shapes}
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path.name}: {why_unreadable(path)}") from error


def _from_pickle(path: Path) -> Mapping[str, object]:
    try:
        with torch.serialization.safe_globals([nn.ParameterDict]):
            content: object = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, OSError, EOFError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(f"{path.name}: the file holds no plain tensors ({reason}).") from error
    if not isinstance(content, Mapping):
        raise ModelError(f"{path.name}: the file holds no tensors by name.")
    return cast("Mapping[str, object]", content)
