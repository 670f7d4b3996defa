"""Upscalers from files: safetensors and torch's, in all layouts there are."""

from collections.abc import Mapping
from pathlib import Path

import torch

from tintype.core.families import NOTHING, UPSCALER, other_kind
from tintype.core.upscaler_files import RrdbSizes, sizes_of, under_our_names
from tintype.errors import ModelError
from tintype.networks.filling import Filling, fill, without_memory
from tintype.networks.upscaling.compact import Compact
from tintype.networks.upscaling.enlarger import Enlarger
from tintype.networks.upscaling.foreign import check_colours, load_foreign
from tintype.networks.upscaling.rrdb import Rrdb
from tintype.tensorfiles import StoredTensor, naming, open_upscaler


def load_enlarger(path: Path, device: torch.device) -> Enlarger:
    """Load an upscaler: in half precision on a GPU where it bears that, else in float32.

    The ESRGAN family is read here, everything else by spandrel where that is installed.

    Args:
        path: a file of tensors.
        device: where it computes.

    Raises:
        ModelError: the file is missing, torn, or no upscaler of pictures in colour; or spandrel
            is needed for it and not there.
    """
    with naming(f"upscaler {path.name}"):
        tensors = open_upscaler(path)
        network = _own_network(tensors, device)
        if network is not None:
            return Enlarger(network, network.scale)
        _refuse_other_kinds(tensors)
        return load_foreign(tensors, device)


def _own_network(
    tensors: Mapping[str, StoredTensor], device: torch.device
) -> Rrdb | Compact | None:
    """One of the ESRGAN family, with its weights; None for anything else."""
    named = under_our_names(tensors)
    sizes = sizes_of({name: tensor.shape for name, tensor in named.items()})
    if sizes is None:
        return None
    check_colours(sizes.channels, sizes.channels)
    with without_memory():
        network = Rrdb(sizes) if isinstance(sizes, RrdbSizes) else Compact(sizes)
    dtype = torch.float32 if device.type == "cpu" else torch.float16
    fill([Filling(network, {"": ""}, dtype, device)], named)
    return network


def _refuse_other_kinds(tensors: Mapping[str, StoredTensor]) -> None:
    kind = other_kind(tensors)
    if kind not in (UPSCALER, NOTHING):
        raise ModelError(f"This is no upscaler; it looks like {kind}.")
