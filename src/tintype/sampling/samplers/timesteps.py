"""DDIM and its relatives, which walk the network's own timesteps.

They hold the latent as diffusion models first did, x = √ᾱ · picture + √(1 - ᾱ) · noise, and ask in
the engine's terms, where the noise level is √((1 - ᾱ) / ᾱ). They end at timestep 1, not at the
finished picture, as A1111 does.
"""

from collections.abc import Generator, Sequence
from itertools import pairwise
from math import sqrt

import torch
from torch import Tensor

from tintype.core.orders import Denoise, Sampler
from tintype.sampling.noise import Draw

_CFGPP_SHARE = 1 / 12.5  # so that users can keep the cfg_scale they know
_ADAMS_BASHFORTH = {2: (3, -1), 3: (23, -16, 5), 4: (55, -59, 37, -9)}


def ddim_timesteps(steps: int, timesteps: int = 1000) -> list[int]:
    """The timesteps visited, from 1 up, evenly spaced; may be a few more than `steps`."""
    stride = max(timesteps // steps, 1)
    return [min(t + 1, timesteps - 1) for t in range(0, timesteps, stride)]


def ddim(
    x: Tensor, timesteps: Sequence[int], alphas: Sequence[float], draw: Draw, eta: float = 0.0
) -> Sampler:
    """Denoising diffusion implicit models; one question fewer than there are timesteps.

    Args:
        x: (C, h, w) at the last of the timesteps.
        timesteps: rising.
        alphas: share of the picture's variance (ᾱ) at each timestep of the network.
        draw: where fresh noise comes from; A1111 draws it at every step, used or not.
        eta: 0 adds none of it, 1 as much as DDPM.

    Source: Song et al. 2020, arXiv:2010.02502, equations 12 and 16.
    """
    for here, there in pairwise(reversed(timesteps)):
        eps = yield from _eps(x, here, alphas[here])
        x = _ddim_step(x, eps, eps, alphas[here], alphas[there], draw, eta)
    return x


def ddim_cfgpp(
    x: Tensor, timesteps: Sequence[int], alphas: Sequence[float], draw: Draw, eta: float = 0.0
) -> Sampler:
    """DDIM that goes on along the unconditional noise, with a cfg_scale of 12.5 counting as 1.

    Asks for both the guided and the unconditional answer.

    Source: Chung et al. 2024, arXiv:2406.08070, algorithm 2.
    """
    for here, there in pairwise(reversed(timesteps)):
        sigma = _sigma(alphas[here])
        seen = x / sqrt(alphas[here])
        guided, uncond = yield Denoise(seen, sigma, here, wants_uncond=True)
        denoised = uncond + (guided - uncond) * _CFGPP_SHARE
        eps, eps_uncond = (seen - denoised) / sigma, (seen - uncond) / sigma
        x = _ddim_step(x, eps, eps_uncond, alphas[here], alphas[there], draw, eta)
    return x


def plms(x: Tensor, timesteps: Sequence[int], alphas: Sequence[float]) -> Sampler:
    """Pseudo linear multistep: DDIM's step with the noise of up to four answers; order 4.

    As many questions as timesteps: the first step asks twice.

    Source: Liu et al. 2022, arXiv:2202.09778, equations 9, 12 and 13.
    """
    past: list[Tensor] = []  # noise of earlier answers, the newest first
    for here, there in pairwise(reversed(timesteps)):
        eps = yield from _eps(x, here, alphas[here])
        past = [eps, *past[:3]]
        if len(past) == 1:
            ahead = _moved(x, eps, eps, alphas[here], alphas[there])
            eps = (eps + (yield from _eps(ahead, there, alphas[there]))) / 2
        else:
            weights = _ADAMS_BASHFORTH[len(past)]
            eps = torch.stack([w * e for w, e in zip(weights, past, strict=True)]).sum(0)
            eps = eps / sum(weights)
        x = _moved(x, eps, eps, alphas[here], alphas[there])
    return x


def _eps(x: Tensor, timestep: int, alpha: float) -> Generator[Denoise, Tensor, Tensor]:
    """The noise an answer leaves in the latent."""
    seen = x / sqrt(alpha)
    denoised = yield Denoise(seen, _sigma(alpha), timestep)
    return (seen - denoised) / _sigma(alpha)


def _sigma(alpha: float) -> float:
    return sqrt((1 - alpha) / alpha)


def _ddim_step(
    x: Tensor,
    eps: Tensor,
    direction: Tensor,
    alpha: float,
    alpha_next: float,
    draw: Draw,
    eta: float,
) -> Tensor:
    noise = draw()
    spread = eta * sqrt((1 - alpha_next) / (1 - alpha) * (1 - alpha / alpha_next))
    return _moved(x, eps, direction, alpha, alpha_next, spread) + spread * noise


def _moved(
    x: Tensor,
    eps: Tensor,
    direction: Tensor,
    alpha: float,
    alpha_next: float,
    spread: float = 0.0,
) -> Tensor:
    """The picture that `eps` leaves, with noise along `direction` up to the next timestep."""
    picture = (x - sqrt(1 - alpha) * eps) / sqrt(alpha)
    return sqrt(alpha_next) * picture + sqrt(1 - alpha_next - spread**2) * direction
