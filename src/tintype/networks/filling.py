"""Networks built without memory, then given their weights from files."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tintype.errors import ModelError
from tintype.networks.arena import empty_tensors
from tintype.networks.reading import Place, read_into
from tintype.tensorfiles import StoredTensor

_NAMED = 3
_INITIALISERS = frozenset({"kaiming_uniform_", "normal_", "uniform_", "fill_", "zero_"})


@contextmanager
def without_memory() -> Generator[None]:
    """Modules built in here have shapes but no weights.

    Initialisers are skipped: they would be wasted, and `normal_` on the meta device imports
    `torch._dynamo`, which takes longer than to read a checkpoint.
    """
    with torch.device("meta"), _WithoutInitialisers():
        yield


class _WithoutInitialisers(TorchFunctionMode):
    def __torch_function__(
        self,
        func: Callable[..., object],
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        if getattr(func, "__name__", "") in _INITIALISERS:
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


@dataclass(frozen=True, slots=True, eq=False)
class Filling:
    """What a network shall be filled with.

    Attributes:
        network: built `without_memory`.
        prefixes: what our names begin with → what stands in its place in the file.
        dtype: what its weights are cast to.
        device: where they go.
        pins: the device is a CPU, and a GPU reads there by itself.
    """

    network: nn.Module
    prefixes: Mapping[str, str]
    dtype: torch.dtype
    device: torch.device
    pins: bool = False


def fill(
    fillings: Sequence[Filling], tensors: Mapping[str, StoredTensor], threads: int | None = None
) -> None:
    """Give networks their weights; then they are ready for inference.

    Nothing is read unless everything is there. Convolutions become channels-last, and each network
    is one piece of memory.

    Args:
        fillings: which networks, and how.
        tensors: what the file has; those that no network knows are left alone.
        threads: as for `read_into`.

    Raises:
        ModelError: tensors are missing, have another shape or cannot be read.
    """
    every = [wanted(filling, tensors) for filling in fillings]
    weights = [_empty(filling, found) for filling, found in zip(fillings, every, strict=True)]
    read_into(
        [
            Place(found[name], tensor)
            for found, empty in zip(every, weights, strict=True)
            for name, tensor in empty.items()
        ],
        threads,
    )
    for filling, filled in zip(fillings, weights, strict=True):
        filling.network.load_state_dict(filled, assign=True)
        filling.network.eval().requires_grad_(requires_grad=False)


def wanted(filling: Filling, tensors: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """By our names, what a network is made of. Raises `ModelError` if something is missing."""
    state = filling.network.state_dict()
    names = {name: _name_in_file(name, filling.prefixes) for name in state}
    _require({names[name]: tuple(weight.shape) for name, weight in state.items()}, tensors)
    return {ours: tensors[theirs] for ours, theirs in names.items()}


def _empty(filling: Filling, found: Mapping[str, StoredTensor]) -> dict[str, Tensor]:
    shapes = {name: stored.shape for name, stored in found.items()}
    return empty_tensors(shapes, filling.dtype, filling.device, pins=filling.pins)


def _name_in_file(name: str, prefixes: Mapping[str, str]) -> str:
    ours = next(prefix for prefix in prefixes if name.startswith(prefix))
    return prefixes[ours] + name.removeprefix(ours)


def _require(wanted: Mapping[str, tuple[int, ...]], present: Mapping[str, StoredTensor]) -> None:
    missing = [name for name in wanted if name not in present]
    if missing:
        raise ModelError(f"{len(missing)} of {len(wanted)} tensors are missing, {_some(missing)}.")
    wrong = [
        f"{name} is {present[name].shape} instead of {shape}"
        for name, shape in wanted.items()
        if present[name].shape != shape
    ]
    if wrong:
        raise ModelError(f"{len(wrong)} tensors have the wrong shape: {_some(wrong)}.")


def _some(items: list[str]) -> str:
    rest = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(items[:_NAMED]) + rest
