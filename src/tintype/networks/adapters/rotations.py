"""Adapters that turn a layer's outputs: OFT and BOFT.

Sources: Qiu et al. 2023, arXiv:2306.07280; Liu et al. 2023, arXiv:2311.06243 (butterfly).
"""

import torch
from torch import Tensor


def rotated(
    weight: Tensor, blocks: Tensor, alpha: Tensor | None = None, *, are_matrices: bool = False
) -> Tensor:
    """Turn a weight (out, …) by orthogonal blocks of outputs, computed in float32.

    Args:
        weight: the layer's weight.
        blocks: (n, b, b) what rotations are made of, or (m, n, b, b) those of m butterfly stages.
        alpha: bound of the blocks' size, for each output; None or 0 for none.
        are_matrices: the blocks are orthogonal matrices already, as in the oldest files.
    """
    blocks = blocks.float()
    bound = 0.0 if alpha is None else alpha.item() * weight.shape[0]
    matrices = blocks if are_matrices else _cayley(blocks, bound)
    turn = _butterfly if blocks.ndim == 4 else _blockwise
    return turn(weight.float(), matrices).to(weight.dtype)


def _cayley(blocks: Tensor, bound: float) -> Tensor:
    """Orthogonal matrices (I + Q)(I − Q)⁻¹ of skew-symmetric Q, whose size is kept in bounds."""
    skew = blocks - blocks.mT
    size = skew.square().sum().sqrt().item()
    if 0 < bound < size:
        skew = skew * (bound / size)
    identity = torch.eye(skew.shape[-1], device=skew.device)
    return (identity + skew) @ (identity - skew).inverse()


def _blockwise(weight: Tensor, matrices: Tensor) -> Tensor:
    count, size, _ = matrices.shape
    parted = weight.reshape(count, size, -1)
    return (matrices.mT @ parted).reshape(weight.shape)


def _butterfly(weight: Tensor, stages: Tensor) -> Tensor:
    """Stage i turns pairs of outputs that lie 2ⁱ · b / 2 apart, so that all meet in the end."""
    size = stages.shape[-1]
    for number, matrices in enumerate(stages):
        distance = 2**number * (size // 2)
        paired = weight.reshape(-1, 2, distance, weight[0].numel()).transpose(1, 2)
        turned = matrices @ paired.reshape(len(matrices), size, -1)
        unpaired = turned.reshape(-1, distance, 2, weight[0].numel()).transpose(1, 2)
        weight = unpaired.reshape(weight.shape)
    return weight
