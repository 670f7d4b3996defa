"""What a file of tensors holds, be it a table or a tree."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from tintype.errors import ModelError
from tintype.tensorfiles.pickles import Pickled, open_pickle
from tintype.tensorfiles.safetensors import open_safetensors
from tintype.tensorfiles.standins import LooseTensor, Module
from tintype.tensorfiles.table import StoredTensor, TensorTable

PICKLE_SUFFIXES = (".ckpt", ".pt", ".pth", ".bin")
SUFFIX = ".safetensors"
WEIGHTS = (SUFFIX, *PICKLE_SUFFIXES)
"""What files of weights end in."""

_DEEPEST = 20
_STATES = ("state_dict", "model", "params_ema", "params")
"""Where trainers keep a network's tensors that write down more than those."""
_Plain = str | int | float | bool | None


def content(path: Path) -> Mapping[str, object]:
    """Everything in a file, by name.

    Args:
        path: a safetensors file, or a torch file (`.ckpt .pt .pth .bin`).

    Returns:
        `StoredTensor`s, texts, numbers, and mappings and tuples of such.

    Raises:
        ModelError: the file is missing, torn, hostile or foreign, and how so.
    """
    if path.suffix.lower() == SUFFIX:
        return open_safetensors(path).tensors
    pickled = _open(path)
    found = _Tree(pickled).resolved(pickled.value)
    if not isinstance(found, Mapping):
        raise ModelError("The file holds no tensors by name.")
    return cast("Mapping[str, object]", found)


def pickled_table(path: Path, name: str | None = None) -> TensorTable:
    """The tensors of a torch file, of the branch its trainer kept them in; its plain values.

    Args:
        path: where it is.
        name: what it will be called, if its extension says nothing yet.

    Raises:
        ModelError: as `content`.
    """
    pickled = _open(path, name)
    root = _mapping(pickled.value)
    if root is None:
        raise ModelError("The file holds no tensors by name.")
    state = next((s for name in _STATES if (s := _mapping(root.get(name)))), root)
    tensors = {
        str(name): pickled.tensor(value)
        for name, value in state.items()
        if isinstance(value, LooseTensor)
    }
    metadata = {str(key): value for key, value in root.items() if isinstance(value, _Plain)}
    return TensorTable(tensors, metadata)


def _open(path: Path, name: str | None = None) -> Pickled:
    if Path(name or path).suffix.lower() not in PICKLE_SUFFIXES:
        raise ModelError(f"This is no model file by its name; expected were {', '.join(WEIGHTS)}.")
    return open_pickle(path)


def _mapping(value: object) -> Mapping[object, object] | None:
    if isinstance(value, Module):
        return value.parameters
    return cast("dict[object, object]", value) if isinstance(value, dict) else None


class _Tree:
    """Resolves what a pickle built, each thing once, however often it is in it."""

    def __init__(self, pickled: Pickled) -> None:
        self._pickled = pickled
        self._known: dict[int, object] = {}

    def resolved(self, value: object, depth: int = 0) -> object:
        """The same with tensors found; None for what is no value, and for what contains itself."""
        if isinstance(value, _Plain | bytes):
            return value
        if depth > _DEEPEST:
            raise ModelError(f"The file is nested more than {_DEEPEST} deep.")
        if id(value) not in self._known:
            self._known[id(value)] = None
            self._known[id(value)] = self._built(value, depth + 1)
        return self._known[id(value)]

    def _built(self, value: object, depth: int) -> object:
        if isinstance(value, LooseTensor):
            return self._pickled.tensor(value)
        if isinstance(value, tuple | list):
            items = cast("tuple[object, ...] | list[object]", value)
            return tuple(self.resolved(item, depth) for item in items)
        mapping = _mapping(value)
        if mapping is None:
            return None
        return {str(key): self.resolved(item, depth) for key, item in mapping.items()}


def tensors_of(value: object) -> dict[str, StoredTensor]:
    """The tensors directly in a mapping; none in anything else."""
    if not isinstance(value, Mapping):
        return {}
    items = cast("Mapping[str, object]", value).items()
    return {name: item for name, item in items if isinstance(item, StoredTensor)}
