"""Pieces shared by the networks: sinusoidal embeddings and attention over heads."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

NORM_GROUPS = 32  # of every group normalisation in LDM's networks


def sinusoidal_embedding(positions: Tensor, width: int, max_period: float = 10000.0) -> Tensor:
    """Cosine then sine of each position at `width / 2` falling frequencies.

    Args:
        positions: (B,) real numbers; timesteps 0–999 need not be whole.
        width: size of the embedding, even.
        max_period: the slowest wavelength divided by 2π.

    Returns:
        (B, width) float32.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5, in the cosine-first order of LDM.
    """
    half = width // 2
    exponents = torch.arange(half, dtype=torch.float32, device=positions.device) / half
    angles = positions.float()[:, None] * torch.exp(-math.log(max_period) * exponents)[None]
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int, *, causal: bool = False) -> Tensor:
    """Softmax attention of `heads` equal slices of the channels.

    Args:
        q: (B, T, C) queries.
        k: (B, S, C) keys.
        v: (B, S, C) values.
        heads: divides C.
        causal: token t sees only keys 0 … t.

    Returns:
        (B, T, C).
    """
    q, k, v = (x.reshape(*x.shape[:2], heads, -1).transpose(1, 2) for x in (q, k, v))
    answer = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return answer.transpose(1, 2).flatten(-2)


def set_tiling(network: nn.Module, *, tiling: bool) -> None:
    """Let every convolution see the picture as a torus, or with zeros around it again."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.padding_mode = "circular" if tiling else "zeros"


def tokens_of(x: Tensor) -> Tensor:
    """Turn a picture (B, C, h, w) into tokens (B, h·w, C), rows first."""
    return x.flatten(2).transpose(1, 2)


def picture_of(tokens: Tensor, like: Tensor) -> Tensor:
    """Turn tokens (B, h·w, C) back into a picture with the height and width of `like`."""
    batch, _, channels = tokens.shape
    return tokens.transpose(1, 2).reshape(batch, channels, *like.shape[-2:])
