"""Restart sampling: go down with Heun, jump back up with fresh noise, go down again."""

from collections.abc import Sequence
from itertools import pairwise
from math import inf, sqrt

from torch import Tensor

from tintype.core.orders import Denoise, Sampler
from tintype.sampling.noise import Draw
from tintype.sampling.schedules import karras_sigmas

_RESTART_AT, _BACK_TO = 0.1, 2.0


def restart(x: Tensor, sigmas: Sequence[float], draw: Draw) -> Sampler:
    """Heun's method over the schedule with its restarts.

    Source: Xu et al. 2023, arXiv:2306.14878, with the plan of restarts A1111 makes.
    """
    level = inf  # the first step starts where the latent is
    for here, there in restart_steps(sigmas):
        if here > level:
            x = x + draw() * sqrt(here**2 - level**2)
        slope = (x - (yield Denoise(x, here))) / here
        ahead = x + slope * (there - here)
        if there > 0:
            slope_ahead = (ahead - (yield Denoise(ahead, there))) / there
            ahead = x + (slope + slope_ahead) / 2 * (there - here)
        x, level = ahead, there
    return x


def restart_steps(sigmas: Sequence[float]) -> list[tuple[float, float]]:
    """The steps as pairs of levels; restarts are paid for with steps of the main way.

    Below 20 steps there is no restart. Otherwise the main way is Karras, whatever schedule was
    given; near 0.1 it goes back to near 2, once for 9 steps, or from 36 steps on twice for a
    quarter of them.
    """
    steps = len(sigmas) - 1
    if steps < 20:
        return list(pairwise(sigmas))
    length, times = (steps // 4, 2) if steps >= 36 else (9, 1)
    main = karras_sigmas(steps - length * times, sigmas[-2], sigmas[0])
    low, high = _nearest(main, _RESTART_AT), _nearest(main, _BACK_TO)
    way = list(pairwise(main))
    if high < low:
        again = karras_sigmas(length + 1, main[low], main[high])[:-1]
        way[low:low] = list(pairwise(again)) * times
    return way


def _nearest(sigmas: Sequence[float], wanted: float) -> int:
    return min(range(len(sigmas)), key=lambda i: abs(sigmas[i] - wanted))
