"""Rough pictures of latents, cheap enough to show every step."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from torch import Tensor
from torch.nn import functional

from tintype.networks.small_decoder import SmallDecoder, read_small_decoder
from tintype.networks.vae import Vae

SMALL_VAE = 10_000_000  # parameters; SD's have 84 million
_SIDE = 256  # of the picture the colours are learnt from, in pixels


class Previews:
    """Shows latents of one checkpoint.

    A pixel a cell, or the whole picture by a small decoder; or by the autoencoder itself where it
    is so small that this is as cheap, for such ones do not make small pictures of their latents.

    Attributes:
        small_decoder_path: file of TAESD's decoder, or None to do without.
    """

    def __init__(self, vae: Vae) -> None:
        """Previews by that autoencoder that have learnt nothing yet."""
        self._vae = vae
        self.small_decoder_path: Path | None = None

    def of(self, latent: Tensor, decode: Callable[[Tensor], Tensor]) -> Tensor:
        """(h', w', 3) uint8 on the CPU of a latent.

        Args:
            latent: (C, h, w) as the U-Net sees it.
            decode: from latents (B, C, h, w) to pictures (B, H, W, 3) uint8 by the autoencoder.

        Raises:
            ModelError: the small decoder's file cannot be used.
        """
        if sum(p.numel() for p in self._vae.parameters()) < SMALL_VAE:
            return decode(latent[None])[0]
        is_usual = not self._vae.config.mean  # the small decoder knows no other latents
        if self._small_decoder is not None and is_usual:
            return self._small_decoder.picture(latent)
        return self._colours.of_latent(latent)

    @cached_property
    def _small_decoder(self) -> SmallDecoder | None:
        path, weights = self.small_decoder_path, next(self._vae.parameters())
        return path and read_small_decoder(path, weights.device, weights.dtype)

    @cached_property
    def _colours(self) -> "Colours":
        return Colours.of(self._vae, self._vae.config.scaled, next(self._vae.parameters()))


class Encoder(Protocol):
    """The half of an autoencoder that makes latents."""

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance (B, C, h, w) of pictures (B, 3, H, W) in −1 … 1."""
        ...


class Colours:
    """What colour each latent cell has, as a linear map learnt from the autoencoder itself.

    One cell of the latent becomes one pixel. Nothing is assumed of the family but that its latents
    are small pictures, which those of SD's autoencoders are: it is shown one picture of many
    colours, and the map is what explains its latent best.
    """

    def __init__(self, map_to_rgb: Tensor) -> None:
        self._map = map_to_rgb

    @classmethod
    def of(cls, vae: Encoder, scaled: Callable[[Tensor], Tensor], like: Tensor) -> "Colours":
        """Learn the map; costs one pass of the encoder at 256 × 256.

        Args:
            vae: any autoencoder.
            scaled: its latents (B, C, h, w) as the U-Net sees them.
            like: a tensor of its device and dtype.
        """
        picture = _many_colours(_SIDE)
        mean, _ = vae.encode((picture[None] * 2 - 1).to(like))
        latent = scaled(mean)[0].float().cpu()
        colours = functional.interpolate(picture[None], latent.shape[1:], mode="area")[0]
        cells = _with_one(latent.flatten(1).T)
        found = cast(Any, torch.linalg).lstsq(cells, colours.flatten(1).T)
        return cls(found.solution)

    def of_latent(self, latent: Tensor) -> Tensor:
        """(h, w, 3) uint8 on the CPU of a latent (C, h, w)."""
        cells = _with_one(latent.flatten(1).T.float().cpu())
        colours = (cells @ self._map).clamp(0, 1) * 255
        return colours.round().to(torch.uint8).reshape(*latent.shape[1:], 3)


def _with_one(cells: Tensor) -> Tensor:
    """(N, C + 1): the constant term as another channel."""
    return torch.cat([cells, cells.new_ones(len(cells), 1)], dim=1)


def _many_colours(side: int) -> Tensor:
    """(3, side, side) in 0 … 1: soft patches of every colour, the same on any machine."""
    generator = torch.Generator().manual_seed(7)
    patches = torch.rand(1, 3, 8, 8, generator=generator)
    return functional.interpolate(patches, size=(side, side), mode="bilinear")[0]
