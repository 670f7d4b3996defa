"""What several samplers share: churn, and a step split into a way down and fresh noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, sqrt

import torch
from torch import Tensor

from tintype.sampling.noise import Draw

_MOST_CHURN = sqrt(2) - 1


@dataclass(frozen=True, slots=True)
class Churn:
    """Noise added before a step, which then starts higher up.

    Attributes:
        amount: `s_churn`, spread over all steps.
        lowest: `s_tmin`, lowest level that is churned.
        highest: `s_tmax`, highest level that is churned.
        s_noise: factor of the noise.

    Source: Karras et al. 2022, arXiv:2206.00364, algorithm 2.
    """

    amount: float = 0.0
    lowest: float = 0.0
    highest: float = inf
    s_noise: float = 1.0


def churned(
    x: Tensor, sigmas: Sequence[float], step: int, draw: Draw, churn: Churn
) -> tuple[Tensor, float]:
    """The latent and its level at the start of a step, with noise added where churn is on.

    k-diffusion draws at every step, also where the level is out of churn's range.
    """
    here = sigmas[step]
    if churn.amount <= 0:
        return x, here
    noise = draw() * churn.s_noise
    if not churn.lowest <= here <= churn.highest:
        return x, here
    above = here * (1 + min(churn.amount / (len(sigmas) - 1), _MOST_CHURN))
    return x + noise * sqrt(above**2 - here**2), above


def ancestral_split(here: float, there: float, eta: float) -> tuple[float, float]:
    """Split a step between two noise levels into a way down and fresh noise.

    In torch's float32 as in k-diffusion: in a deep step the way down is a small difference of large
    numbers, and float32 leaves few digits of it.

    Returns:
        the level to step down to, and the standard deviation of the noise that leads to `there`.
    """
    if eta == 0:
        return there, 0.0
    total, wanted = torch.tensor(here) ** 2, torch.tensor(there) ** 2
    fresh = (eta * (wanted * (total - wanted) / total) ** 0.5).item()
    up = min(there, fresh)
    return ((wanted - torch.tensor(up) ** 2) ** 0.5).item(), up
