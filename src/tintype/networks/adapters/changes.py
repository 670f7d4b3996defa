"""What an adapter adds to a layer's weight: LoRA, its relatives in LyCORIS, and DoRA.

Every kind is recognised by the names of its tensors. W is the layer's weight, (out, in) or
(out, in, k, k), with everything that earlier adapters have done to it.

Sources: Hu et al. 2021, arXiv:2106.09685 (LoRA); Yeh et al. 2023, arXiv:2309.14859 (LoCon, LoHa,
LoKr); Liu et al. 2022, arXiv:2205.05638 (IA³); Chavan et al. 2023, arXiv:2306.07967 (GLoRA);
Liu et al. 2024, arXiv:2402.09353 (DoRA); `rotations` for OFT and BOFT.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from tintype.networks.adapters.rotations import rotated

Parts = Mapping[str, Tensor]


class DoesNotFit(Exception):  # noqa: N818 - reads as the sentence it is
    """An adapter's layer is made for another shape of weight, or of no kind we know."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What is to be added to a layer, not yet multiplied by the adapter's scale.

    Attributes:
        weight: of the weight's shape.
        bias: of the bias's shape, or None.
    """

    weight: Tensor
    bias: Tensor | None = None


_Delta = tuple[Tensor, int | None]  # what is added, and the rank that alpha is divided by


def change_of(parts: Parts, weight: Tensor, rank: int | None = None) -> Change:
    """Work out an adapter's change to a layer, in the weight's precision and on its device.

    Args:
        parts: the adapter's tensors for this layer.
        weight: the layer's weight W.
        rank: use only so many dimensions of a LoRA, or None for all.

    Raises:
        DoesNotFit: the tensors are of no kind we know, or of other shapes.
    """
    kind = next((make for sign, make in _KINDS if sign <= parts.keys()), None)
    if kind is None:
        raise DoesNotFit("no kind of adapter we know")
    here = {name: _like(part, weight) for name, part in parts.items()}
    try:
        return _changed(kind, here, weight, rank)
    except torch.OutOfMemoryError:
        raise
    except (RuntimeError, IndexError) as error:
        raise DoesNotFit(str(error)) from error


def _changed(
    kind: Callable[[Parts, Tensor, int | None], _Delta],
    parts: Parts,
    weight: Tensor,
    rank: int | None,
) -> Change:
    delta, alpha_rank = kind(parts, weight, rank)
    delta = _fitted(delta, weight)
    if "bias_indices" in parts:
        delta = delta + _sparse(parts).reshape(delta.shape)
    delta = delta * scale_of(parts, alpha_rank)
    if "dora_scale" in parts:
        delta = _decomposed(delta, weight, parts["dora_scale"])
    return Change(delta, parts.get("diff_b", parts.get("b_norm")))


def _like(part: Tensor, weight: Tensor) -> Tensor:
    """On the weight's device and in its precision; single numbers and indices as they are."""
    if part.ndim == 0 or not part.is_floating_point():
        return part if part.ndim == 0 else part.to(weight.device)
    return part.to(weight.device, weight.dtype)


def scale_of(parts: Parts, rank: int | None) -> float:
    if "scale" in parts:
        return parts["scale"].item()
    if "alpha" in parts and rank:
        return parts["alpha"].item() / rank
    return 1.0


def _fitted(delta: Tensor, weight: Tensor) -> Tensor:
    """In the weight's shape; an inpainting U-Net's five channels more stay as they are."""
    if delta.shape == weight.shape:
        return delta
    if weight.ndim == delta.ndim == 4 and (delta.shape[1], weight.shape[1]) == (4, 9):
        return functional.pad(delta, (0, 0, 0, 0, 0, 5))
    if delta.numel() != weight.numel() or delta.shape[0] != weight.shape[0]:
        raise DoesNotFit(f"{tuple(delta.shape)} for a weight {tuple(weight.shape)}")
    return delta.reshape(weight.shape)


def _sparse(parts: Parts) -> Tensor:
    size = [int(side) for side in parts["bias_size"]]
    places, values = parts["bias_indices"], parts["bias_values"]
    return torch.sparse_coo_tensor(places, values, size, check_invariants=True).to_dense()


def _decomposed(delta: Tensor, weight: Tensor, magnitude: Tensor) -> Tensor:
    """DoRA: the changed weight's direction, with a learned length for each input channel.

    Newer files keep a length for each output channel; their shape tells.
    """
    merged = delta + weight
    axis = 0 if magnitude.shape[0] == weight.shape[0] != 1 else 1
    others = tuple(dim for dim in range(merged.ndim) if dim != axis)
    length = merged.square().sum(dim=others, keepdim=True).sqrt()
    return merged * (magnitude.reshape(length.shape) / length) - weight


def _product(up: Tensor, down: Tensor) -> Tensor:
    """(out, r, …) · (r, in, …) as (out, in, …)."""
    return (up.flatten(1) @ down.flatten(1)).reshape(up.shape[0], *down.shape[1:])


def tucker(core: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Σ core[i, j, …] · first[i, out] · second[j, in] as (out, in, k, k)."""
    return torch.einsum("ijkl,io,jn->onkl", core, first.flatten(1), second.flatten(1))


def _lora(parts: Parts, _: Tensor, rank: int | None) -> _Delta:
    up, down = parts["lora_up.weight"], parts["lora_down.weight"]
    if "lora_mid.weight" in parts:
        core = parts["lora_mid.weight"]
        return tucker(core, up.flatten(1).T, down), down.shape[0]
    return _product(up[:, :rank], down[:rank]), down.shape[0]


def _hadamard(parts: Parts, _: Tensor, __: int | None) -> _Delta:
    return _loha_factor(parts, 1) * _loha_factor(parts, 2), parts["hada_w1_b"].shape[0]


def _loha_factor(parts: Parts, number: int) -> Tensor:
    first, second = parts[f"hada_w{number}_a"], parts[f"hada_w{number}_b"]
    if f"hada_t{number}" in parts:
        return tucker(parts[f"hada_t{number}"], first, second)
    return _product(first, second)


def _scaling(parts: Parts, weight: Tensor, _: int | None) -> _Delta:
    """IA³: a factor for each input or each output channel."""
    factors, axis = parts["weight"].flatten(), int(parts["on_input"].any())
    shape = [1] * weight.ndim
    shape[axis] = len(factors)
    return weight * factors.reshape(shape), None


def _kronecker(parts: Parts, weight: Tensor, _: int | None) -> _Delta:
    (left, left_rank), (right, right_rank) = _lokr_factor(parts, 1), _lokr_factor(parts, 2)
    left = left.reshape(*left.shape, *[1] * (right.ndim - left.ndim))
    product = torch.kron(left, right.contiguous())
    return product.reshape(product.shape[0], *weight.shape[1:]), right_rank or left_rank


def _lokr_factor(parts: Parts, number: int) -> tuple[Tensor, int | None]:
    """A factor and its rank, None if it is stored whole."""
    name = f"lokr_w{number}"
    if name in parts:
        return parts[name], None
    first, second = parts[f"{name}_a"], parts[f"{name}_b"]
    if number == 2 and "lokr_t2" in parts:
        return tucker(parts["lokr_t2"], first, second), second.shape[0]
    return _product(first, second), second.shape[0]


def _whole(parts: Parts, _: Tensor, __: int | None) -> _Delta:
    return parts["diff"], None


def _norm(parts: Parts, _: Tensor, __: int | None) -> _Delta:
    return parts["w_norm"], None


def _glora(parts: Parts, weight: Tensor, _: int | None) -> _Delta:
    """W·A + B, both of low rank.

    Files before and after LyCORIS 3 call the two factors by each other's names; shapes tell.
    """
    a1, a2, b1, b2 = (parts[f"{name}.weight"].flatten(1) for name in ("a1", "a2", "b1", "b2"))
    if a1.shape[0] > a1.shape[1]:
        a1, a2, b1, b2 = a2, a1, b2, b1
    if weight.ndim == 4:
        turned = torch.einsum("oikl,ir,rj->ojkl", weight, a2, a1)
    else:
        turned = weight @ a2 @ a1
    return turned + (b2 @ b1).reshape(weight.shape), a1.shape[0]


def _orthogonal(parts: Parts, weight: Tensor, _: int | None) -> _Delta:
    turned = rotated(weight, parts["oft_blocks"], parts.get("alpha"))
    return turned * parts.get("rescale", 1) - weight, None


def _orthogonal_matrices(parts: Parts, weight: Tensor, _: int | None) -> _Delta:
    turned = rotated(weight, parts["oft_diag"], are_matrices=True)
    return turned * parts.get("rescale", 1) - weight, None


_LOKR_SIGNS = tuple(
    frozenset(first | second)
    for first in ({"lokr_w1"}, {"lokr_w1_a", "lokr_w1_b"})
    for second in ({"lokr_w2"}, {"lokr_w2_a", "lokr_w2_b"})
)
_KINDS: tuple[tuple[frozenset[str], Callable[[Parts, Tensor, int | None], _Delta]], ...] = (
    (frozenset({"lora_up.weight", "lora_down.weight"}), _lora),
    (frozenset({"hada_w1_a", "hada_w1_b", "hada_w2_a", "hada_w2_b"}), _hadamard),
    (frozenset({"weight", "on_input"}), _scaling),
    *((sign, _kronecker) for sign in _LOKR_SIGNS),
    (frozenset({"diff"}), _whole),
    (frozenset({"w_norm", "b_norm"}), _norm),
    (frozenset({"a1.weight", "a2.weight", "b1.weight", "b2.weight"}), _glora),
    (frozenset({"oft_blocks"}), _orthogonal),
    (frozenset({"oft_diag"}), _orthogonal_matrices),
)
