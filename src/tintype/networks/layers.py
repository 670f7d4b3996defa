"""Pieces shared by the networks: sinusoidal embeddings and attention over heads."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

MOST_SCORES_WRITTEN_OUT = 2**19  # of a row; with more, torch's fused attention is faster on a CPU
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
    scores = heads * q.shape[2] * k.shape[2]  # of one row: company must not change the kernel
    if q.device.type == "cpu" and scores <= MOST_SCORES_WRITTEN_OUT:
        answer = _written_out(q, k, v, causal=causal)
    else:
        answer = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return answer.transpose(1, 2).flatten(-2)


def _written_out(q: Tensor, k: Tensor, v: Tensor, *, causal: bool) -> Tensor:
    """Attention by two matrix products: for few scores as fast, and it rounds as A1111 rounds.

    A picture differs from A1111's by the rounding of such sums alone, and some things that are done
    to pictures afterwards magnify it.
    """
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if causal:
        scores = scores + scores.new_full(scores.shape[-2:], -torch.inf).triu(1)
    return scores.softmax(dim=-1) @ v


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
