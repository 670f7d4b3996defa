"""Networks built without memory, then given their weights from a file."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tintype.errors import ModelError
from tintype.networks.checkpoint_file import CheckpointFile

_Network = TypeVar("_Network", bound=nn.Module)
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


def filled(
    network: _Network,
    file: CheckpointFile,
    prefixes: Mapping[str, str],
    device: torch.device,
    dtype: torch.dtype,
) -> _Network:
    """Give a network its weights; convolutions become channels-last.

    Args:
        network: built `without_memory`.
        file: where the weights are; tensors the network does not know are left alone.
        prefixes: what our names begin with → what stands in its place in the file.
        device: where the weights go.
        dtype: what they are cast to.

    Returns:
        The same network, ready for inference.

    Raises:
        ModelError: tensors are missing or have another shape.
    """
    names = {name: _name_in_file(name, prefixes) for name in network.state_dict()}
    wanted = {names[name]: tuple(t.shape) for name, t in network.state_dict().items()}
    _require(wanted, file.shapes)
    weights = {ours: _placed(file.tensor(theirs), device, dtype) for ours, theirs in names.items()}
    network.load_state_dict(weights, assign=True)
    return network.eval().requires_grad_(requires_grad=False)


def _name_in_file(name: str, prefixes: Mapping[str, str]) -> str:
    ours = next(prefix for prefix in prefixes if name.startswith(prefix))
    return prefixes[ours] + name.removeprefix(ours)


def _require(wanted: Mapping[str, tuple[int, ...]], present: Mapping[str, tuple[int, ...]]) -> None:
    missing = [name for name in wanted if name not in present]
    if missing:
        raise ModelError(f"{len(missing)} of {len(wanted)} tensors are missing, {_some(missing)}.")
    wrong = [
        f"{name} is {present[name]} instead of {shape}"
        for name, shape in wanted.items()
        if present[name] != shape
    ]
    if wrong:
        raise ModelError(f"{len(wrong)} tensors have the wrong shape: {_some(wrong)}.")


def _some(items: list[str]) -> str:
    rest = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(items[:_NAMED]) + rest


def _placed(tensor: Tensor, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Moved before it is cast, so that a GPU does the casting."""
    tensor = tensor.to(device)
    if tensor.ndim == 4:
        return tensor.to(dtype, memory_format=torch.channels_last)
    return tensor.to(dtype)
