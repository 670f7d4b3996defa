"""LoRA and LoCon as two matrices: what can be added to a layer's answer without its weight.

Sources: Hu et al. 2021, arXiv:2106.09685 (LoRA); Yeh et al. 2023, arXiv:2309.14859 (LoCon).
"""

import torch
from torch import Tensor
from torch.nn import functional

from tintype.networks.adapters.changes import DoesNotFit, Parts, scale_of, tucker
from tintype.networks.wearing import Factors

_MATRICES = frozenset({"lora_up.weight", "lora_down.weight"})
_ALL = _MATRICES | {"lora_mid.weight"}
_NOT_ADDED = frozenset({"dora_scale", "bias_indices", "diff_b", "b_norm"})


def is_low_rank(parts: Parts) -> bool:
    """Whether the change is a product of two matrices and no more."""
    return parts.keys() >= _MATRICES and parts.keys().isdisjoint(_NOT_ADDED)


def factors_of(parts: Parts, weight: Tensor, rank: int | None = None) -> Factors:
    """A LoRA's matrices in the form of a layer's weight, in its precision and on its device.

    Args:
        parts: the adapter's tensors for this layer.
        weight: (out, in) or (out, in, k, k).
        rank: use only so many dimensions, or None for all.

    Raises:
        DoesNotFit: they are made for another shape of weight.
    """
    here = {name: parts[name].to(weight.device, weight.dtype) for name in parts if name in _ALL}
    up, down = here["lora_up.weight"].flatten(1), here["lora_down.weight"]
    if "lora_mid.weight" in here:
        down = _with_core(here["lora_mid.weight"], down)
    elif rank is not None:
        up, down = up[:, :rank], down[:rank]
    if up.shape != (weight.shape[0], down.shape[0]) or weight.ndim not in (2, 4):
        raise DoesNotFit(f"{tuple(up.shape)} for a weight {tuple(weight.shape)}")
    return Factors(*_in_form(_fitted(down, weight), up, weight))


def own_scale(parts: Parts) -> float:
    """What a file says its product is to be multiplied by."""
    return scale_of(parts, parts["lora_down.weight"].shape[0])


def _with_core(core: Tensor, down: Tensor) -> Tensor:
    """(r, r', k, k) and (r', in, 1, 1) as the one convolution they are, (r, in, k, k)."""
    try:
        return tucker(core, torch.eye(core.shape[0]).to(core), down)
    except RuntimeError as error:
        raise DoesNotFit(str(error)) from error


def _fitted(down: Tensor, weight: Tensor) -> Tensor:
    """As (r, in, …) of the weight; an inpainting U-Net's five channels more see nothing."""
    if weight.ndim == down.ndim == 4 and (down.shape[1], weight.shape[1]) == (4, 9):
        down = functional.pad(down, (0, 0, 0, 0, 0, 5))
    if down.shape[0] == 0 or down[0].numel() != weight[0].numel():
        raise DoesNotFit(f"{tuple(down.shape)} for a weight {tuple(weight.shape)}")
    return down.reshape(down.shape[0], *weight.shape[1:])


def _in_form(down: Tensor, up: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    if weight.ndim == 2:
        return down.contiguous(), up.contiguous()
    return down.contiguous(memory_format=torch.channels_last), up[:, :, None, None].contiguous()
