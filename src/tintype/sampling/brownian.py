"""Brownian motion over noise levels, the same whichever levels are asked for.

The SDE samplers want their noise to be one path through all noise levels, so that more steps refine
a picture and do not change it. The path is a binary tree: a node halves its stretch of levels, and
one draw of its own, seeded by its place in the tree, says where the path is in the middle.

Seeds, rounding and the order of sums are those of `torchsde.BrownianTree` 0.2.6 (Li et al. 2020,
arXiv:2001.01328), which A1111 uses; its normal numbers come from the image's noise source.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

import numpy as np
import torch
from torch import Tensor

from tintype.core.noise_levels import float32

Brownian = Callable[[float, float], Tensor]  # noise of a step from one level to another

_DIGITS = 6  # of a noise level: the tree's tolerance is 1e-6
_POOL_SIZE = 24
_NODES_KEPT = 72  # a step goes down the tree twice, and the next one takes one of these ways again


@dataclass(frozen=True, slots=True)
class _Node:
    """A stretch of levels, and its place in the tree."""

    start: float
    end: float
    depth: int = 0
    place: int = 0

    @property
    def middle(self) -> float:
        return round(0.5 * (self.end + self.start), _DIGITS)

    @property
    def halves(self) -> "tuple[_Node, _Node]":
        below, place = self.depth + 1, 2 * self.place
        left = _Node(self.start, self.middle, below, place)
        return left, _Node(self.middle, self.end, below, place + 1)


class BrownianPath:
    """Increments of a Brownian motion, scaled to standard normal latents.

    Args:
        sigma_low: lowest level that will be asked for.
        sigma_high: highest level that will be asked for.
        seed: of the path.
        normal: the first standard normal latent of a seed.
    """

    def __init__(
        self, sigma_low: float, sigma_high: float, seed: int, normal: Callable[[int], Tensor]
    ) -> None:
        self._root = _Node(round(sigma_low, _DIGITS), round(sigma_high, _DIGITS))
        self._spread = sqrt(sigma_high - sigma_low)
        self._seed = seed
        self._normal = normal
        self._draw = lru_cache(_NODES_KEPT)(self._draw_anew)

    def __call__(self, sigma: float, sigma_next: float) -> Tensor:
        """The noise of a step from one level down to another."""
        low, high = (self._within(level) for level in sorted((sigma, sigma_next)))
        sign = -1 if sigma > sigma_next else 1
        return self._increment(low, high) * sign / sqrt(float32(abs(sigma_next - sigma)))

    def _within(self, level: float) -> float:
        return round(min(max(level, self._root.start), self._root.end), _DIGITS)

    def _increment(self, low: float, high: float) -> Tensor:
        whole = self._draw(None) * self._spread
        if low == high:
            return torch.zeros_like(whole)
        pieces = self._pieces(self._root, whole, low, high)
        return sum(pieces, start=next(pieces))

    def _pieces(self, node: _Node, increment: Tensor, low: float, high: float) -> Iterator[Tensor]:
        """Increments of the nodes that make up [low, high], from the lowest on."""
        if (low, high) == (node.start, node.end):
            yield increment
            return
        left, right = node.halves
        left_increment = self._left(node, increment)
        if low < node.middle:
            yield from self._pieces(left, left_increment, low, min(high, node.middle))
        if high > node.middle:
            right_increment = increment - left_increment
            yield from self._pieces(right, right_increment, max(low, node.middle), high)

    def _left(self, node: _Node, increment: Tensor) -> Tensor:
        """The lower half's share: a Brownian bridge."""
        below, above = node.middle - node.start, node.end - node.middle
        per_width = 1 / (node.end - node.start)
        spread = sqrt(below * above * per_width)
        return below * increment * per_width + spread * self._draw((node.place, node.depth))

    def _draw_anew(self, place: tuple[int, int] | None) -> Tensor:
        """A node's own normal latent; None is that of the whole stretch."""
        key = () if place is None else place
        entropy = np.random.SeedSequence(self._seed, spawn_key=key, pool_size=_POOL_SIZE)
        return self._normal(int(entropy.generate_state(1)[0]))
