"""An autoencoder in memory: latents to pixels and back, and rough pictures between."""

from copy import deepcopy
from pathlib import Path

import torch
from torch import Tensor

from tintype.errors import EngineError
from tintype.networks.layers import set_tiling
from tintype.networks.previews import Previews
from tintype.networks.vae import Vae


class Autoencoder:
    """A VAE ready for inference on one device: a checkpoint's own, or one from a file of its own.

    All methods are to be called in inference mode.

    Attributes:
        vae: the network; its parameters are named as in single files.
    """

    def __init__(self, vae: Vae, device: torch.device | None = None) -> None:
        """An autoencoder, or none as yet.

        Args:
            vae: with weights, or without memory where a checkpoint has none.
            device: where it would compute; None for where its weights are.
        """
        self.vae, self._device = vae, device
        self._previews = Previews(vae)
        self._is_tiling = False

    @property
    def bytes(self) -> int:
        """Memory that the weights take."""
        return sum(p.nbytes for p in self.vae.parameters()) if self.is_there else 0

    @property
    def is_there(self) -> bool:
        """It has weights."""
        return not next(self.vae.parameters()).is_meta

    @property
    def factor(self) -> int:
        """Pixels per latent cell, in each direction."""
        return self.vae.config.factor

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self._device or next(self.vae.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights."""
        return next(self.vae.parameters()).dtype

    def set_tiling(self, *, tiling: bool) -> None:
        """Let its convolutions see pictures as tori from now on, or not.

        Its own padding before it halves a picture stays as it is, as in A1111.
        """
        if tiling != self._is_tiling:
            set_tiling(self.vae, tiling=tiling)
            self._is_tiling = tiling

    def decode(self, latents: Tensor) -> Tensor:
        """Turn latents into pixels; fractions of a level are cut off, as A1111 does.

        A row that overflows in half precision is decoded once more in float32.

        Args:
            latents: (B, 4, h, w) as the U-Net's answers are scaled.

        Returns:
            (B, H, W, 3) uint8 on the CPU.

        Raises:
            EngineError: a row is no picture even in float32.
        """
        pixels = _decoded(self.vae, latents)
        lost = _lost_rows(pixels)
        if lost.any():
            pixels[lost] = self._decoded_again(latents[lost])
        return (255 * pixels).to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu()

    def encode_pixels(self, pixels: Tensor, noise: Tensor | None = None) -> Tensor:
        """Turn pictures into latents, drawn from the autoencoder's distribution.

        Args:
            pixels: (B, 3, H, W) in -1 … 1, H and W multiples of `factor`.
            noise: (B, 4, h, w) standard normal, zeros or None for the distribution's mean.

        Returns:
            (B, 4, h, w) float32, scaled as the U-Net wants them.
        """
        mean, log_variance = self.vae.encode(pixels.to(self.dtype))
        latent = mean.float()
        if noise is not None:
            latent = latent + (0.5 * log_variance.float()).exp() * noise
        return self.vae.config.scaled(latent)

    @property
    def small_decoder_path(self) -> Path | None:
        """Of TAESD's decoder for previews, or None without."""
        return self._previews.small_decoder_path

    def use_small_decoder(self, path: Path) -> None:
        """Show previews by TAESD's decoder from now on; the file is read with the first one."""
        self._previews.small_decoder_path = path

    def glance(self, latent: Tensor) -> Tensor:
        """Roughly what a latent (C, h, w) will be: (h', w', 3) uint8 on the CPU; see `Previews`."""
        return self._previews.of(latent, self.decode)

    def _decoded_again(self, latents: Tensor) -> Tensor:
        if self.dtype != torch.float32:
            pixels = _decoded(deepcopy(self.vae).float(), latents)
            if not _lost_rows(pixels).any():
                return pixels
        raise EngineError("The autoencoder made no picture of this latent: it holds no numbers.")


def _decoded(vae: Vae, latents: Tensor) -> Tensor:
    """Pictures (B, 3, H, W) float32 in 0 … 1."""
    unscaled = vae.config.unscaled(latents)
    return ((vae.decode(unscaled.to(next(vae.parameters()).dtype)).float() + 1) / 2).clamp(0, 1)


def _lost_rows(pixels: Tensor) -> Tensor:
    return pixels.isnan().flatten(1).any(dim=1)
