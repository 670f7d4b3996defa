"""Tables of networks apart, put together to that of one checkpoint."""

from collections.abc import Mapping

from tintype.core.families import UNET_PREFIX, VAE_PREFIX
from tintype.errors import ModelError
from tintype.tensorfiles.diffusers_names import open_clip_name, unet_names, vae_names
from tintype.tensorfiles.table import StoredTensor

OLD_CLIP = ("embeddings.", "encoder.", "final_layer_norm.")
"""What names of a CLIP text model begin with where they lack `text_model.`, as old ones do."""

Tensors = Mapping[str, StoredTensor]

_STACK = "qkv"
_FLATTENED = ".mid.attn_1."


def unet_tensors(tensors: Tensors) -> dict[str, StoredTensor]:
    """A U-Net of diffusers, as it stands in a checkpoint."""
    rename = unet_names(tensors)
    return {UNET_PREFIX + rename(name): tensor for name, tensor in tensors.items()}


def vae_tensors(tensors: Tensors, prefix: str = VAE_PREFIX) -> dict[str, StoredTensor]:
    """An autoencoder of diffusers, as it stands in a checkpoint; its attention is a convolution."""
    rename = vae_names(tensors)
    named = {prefix + rename(name): tensor for name, tensor in tensors.items()}
    return {name: _as_convolution(name, tensor) for name, tensor in named.items()}


def clip_tensors(tensors: Tensors, prefix: str) -> dict[str, StoredTensor]:
    """A CLIP text model of transformers: the names are the same, but for a word."""
    return {
        f"{prefix}{'text_model.' if name.startswith(OLD_CLIP) else ''}{name}": tensor
        for name, tensor in tensors.items()
    }


def open_clip_tensors(tensors: Tensors, prefix: str) -> dict[str, StoredTensor]:
    """A CLIP text model of transformers in OpenCLIP's layout.

    Raises:
        ModelError: some attention lacks its queries, keys or values, or they do not fit together.
    """
    found: dict[str, StoredTensor] = {}
    stacks: dict[str, dict[str, StoredTensor]] = {}
    for name, tensor in tensors.items():
        own, part = open_clip_name(name)
        if part is None:
            found[prefix + own] = _transposed(tensor) if own == "text_projection" else tensor
        else:
            stacks.setdefault(own, {})[part] = tensor
    return found | {prefix + name: _stacked(name, parts) for name, parts in stacks.items()}


def with_last_layer(tensors: Tensors, prefix: str) -> dict[str, StoredTensor]:
    """SD 2's text encoder with the last layer and projection that its single files have.

    SD 2 uses neither, and diffusers leaves both out: the layer before and its output's matrix,
    which have the right shapes, stand in their place.
    """
    start = f"{prefix}transformer.resblocks."
    numbers = {int(n) for name in tensors if (n := _number(name, start)).isdecimal()}
    last = max(numbers, default=-1)
    layer = {k: v for k, v in tensors.items() if k.startswith(f"{start}{last}.")}
    again = {k.replace(f"{start}{last}.", f"{start}{last + 1}."): v for k, v in layer.items()}
    output = layer.get(f"{start}{last}.attn.out_proj.weight")
    projection = {} if output is None else {f"{prefix}text_projection": output}
    return projection | dict(tensors) | again


def _number(name: str, start: str) -> str:
    return name.removeprefix(start).partition(".")[0] if name.startswith(start) else ""


def _as_convolution(name: str, tensor: StoredTensor) -> StoredTensor:
    if _FLATTENED not in name or len(tensor.shape) != 2:
        return tensor
    if tensor.is_transposed:
        raise ModelError("The autoencoder's attention lies in its file column by column.")
    return StoredTensor((*tensor.shape, 1, 1), tensor.dtype, tensor.slices)


def _transposed(tensor: StoredTensor) -> StoredTensor:
    return StoredTensor(
        tensor.shape[::-1],
        tensor.dtype,
        tensor.slices,
        is_transposed=len(tensor.shape) == 2 and not tensor.is_transposed,
    )


def _stacked(name: str, parts: Mapping[str, StoredTensor]) -> StoredTensor:
    stack = [parts[part] for part in _STACK if part in parts]
    first = stack[0]
    alike = {(part.shape, part.dtype, part.is_transposed) for part in stack}
    if len(stack) < len(_STACK) or len(alike) > 1 or first.is_transposed or not first.shape:
        raise ModelError(f"The queries, keys and values of {name} do not fit together.")
    shape = (len(_STACK) * first.shape[0], *first.shape[1:])
    return StoredTensor(shape, first.dtype, tuple(s for part in stack for s in part.slices))
