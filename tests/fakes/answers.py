"""Answers to a recipe's orders without any network."""

from collections.abc import Sequence
from typing import Any, cast

import torch
from tests.fakes.denoisers import DATA_SPREAD
from torch import Tensor
from torch.nn import functional

from tintype.core.orders import (
    Answer,
    Conditioning,
    Decode,
    Denoise,
    Encode,
    EncodePixels,
    FindFaces,
    Glance,
    Network,
    Order,
    Recipe,
    RestoreFace,
    Stopped,
    Upscale,
)

CELL = 8


class FakeNetworks:
    """Answers every order in the simplest way that has its shape, and remembers them.

    A latent is the picture's mean colour by cells and its grey; noise moves it a little. Denoising
    is exact for Gaussian data around zero.

    Attributes:
        orders: everything asked, in order.
        texts: the answers to its `Encode`s.
    """

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.texts: list[tuple[Conditioning, ...]] = []

    def play(self, recipe: Recipe, stop_at: int | None = None) -> tuple[Tensor, ...]:
        """Run a recipe to its end; its pictures.

        Args:
            stop_at: number of the question, from 0, at which it is stopped, as is every question
                after it.
        """
        try:
            order = next(recipe)
            while True:
                stops = stop_at is not None and isinstance(order, Denoise)
                if stops and len(self.questions) >= cast(int, stop_at):
                    order = recipe.throw(Stopped())
                    continue
                self.orders.append(order)
                order = recipe.send(self._answer(order))
        except StopIteration as end:
            return end.value

    @property
    def asked(self) -> str:
        """The orders as initials: Text, Pixels, Denoise, decode, Upscale, Find, Restore; `D×4`."""
        initials = {Encode: "T", EncodePixels: "P", Denoise: "D", Decode: "d", Glance: "g"}
        initials |= {Upscale: "U", FindFaces: "F", RestoreFace: "R"}
        names = [initials[type(order)] for order in self.orders]
        runs: list[tuple[str, int]] = []
        for name in names:
            count = runs.pop()[1] if runs and runs[-1][0] == name else 0
            runs.append((name, count + 1))
        return " ".join(name if count == 1 else f"{name}×{count}" for name, count in runs)

    @property
    def questions(self) -> list[Denoise]:
        """The questions to the U-Net."""
        return [order for order in self.orders if isinstance(order, Denoise)]

    def of(self, kind: type[Any]) -> list[Any]:
        """The orders of one kind."""
        return [order for order in self.orders if isinstance(order, kind)]

    def followed(self, question: Denoise, part: int = 0) -> int:
        """Which variant of a prompt's part a question follows."""
        assert question.guidance is not None
        cond, _ = question.guidance.conds[part]
        return next(variants.index(cond) for variants in self.texts if cond in variants)

    def play_again(self, order: Denoise) -> Tensor:
        """The answer a question got."""
        return cast(Tensor, self._answer(order))

    def _answer(self, order: Order) -> Answer:
        match order:
            case Encode():
                self.texts.append(tuple(_context(variant) for variant in order.texts))
                return self.texts[-1]
            case Denoise():
                spread = DATA_SPREAD**2
                return order.x * (spread / (spread + order.sigma**2))
            case EncodePixels():
                return _latent(order)
            case Decode() | Glance():
                return _pixels(order.latent)
            case Upscale():
                scale = order.upscaler.scale
                return order.pixels.repeat_interleave(scale, 1).repeat_interleave(scale, 2)
            case FindFaces():
                return ()
            case RestoreFace():
                return order.pixels


def networks_of(orders: Sequence[Order]) -> list[Network | None]:
    """The network of each order."""
    others = (Upscale, FindFaces, RestoreFace)
    return [order.network for order in orders if not isinstance(order, others)]


def _context(variant: Sequence[Any]) -> Conditioning:
    ids = torch.tensor([chunk.tokens for chunk in variant], dtype=torch.float32).flatten()
    return Conditioning(ids[:, None].expand(-1, 4))


def _latent(order: EncodePixels) -> Tensor:
    colours = functional.avg_pool2d(order.pixels[None], CELL)[0]
    latent = torch.cat([colours, colours.mean(dim=0, keepdim=True)])
    return latent if order.noise is None else latent + 0.01 * order.noise


def _pixels(latent: Tensor) -> Tensor:
    colours = ((latent[:3] + 1) * 127.5).clamp(0, 255).round().byte()
    large = colours.repeat_interleave(CELL, dim=1).repeat_interleave(CELL, dim=2)
    return large.permute(1, 2, 0).contiguous()
