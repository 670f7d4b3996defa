"""The autoencoder between pixels and latents, named as `first_stage_model.` in files."""

from dataclasses import dataclass
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from tintype.networks.layers import NORM_GROUPS, attend, picture_of, tokens_of
from tintype.networks.stages import Stage


@dataclass(frozen=True, slots=True)
class VaeConfig:
    """Everything needed to build an autoencoder.

    Attributes:
        channels: channels of each level, the finest first; each level after it is half the size.
        res_blocks: residual blocks per level in the encoder (one more in the decoder).
        latent_channels: channels of a latent (SD: 4).
        picture_channels: channels of a picture (RGB: 3).
        scale: factor from the autoencoder's latents to those the U-Net works on.
        mean: of the autoencoder's latents, for each channel; it is taken away before they are
            scaled. Empty for none.
        spread: their standard deviation, for each channel; they are divided by it. Empty for none.
        norm_groups: groups of every normalisation; files cannot tell, small networks have fewer.
    """

    channels: tuple[int, ...]
    res_blocks: int
    latent_channels: int = 4
    picture_channels: int = 3
    scale: float = 0.18215
    mean: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    norm_groups: int = NORM_GROUPS

    @property
    def factor(self) -> int:
        """Pixels per latent cell, in each direction."""
        return 2 ** (len(self.channels) - 1)

    def scaled(self, latents: Tensor) -> Tensor:
        """The autoencoder's latents (B, C, h, w) as the U-Net wants them, in float32."""
        latents = latents.float()
        if self.mean:
            latents = (latents - _by_channel(self.mean, latents)) / _by_channel(
                self.spread, latents
            )
        return latents * self.scale

    def unscaled(self, latents: Tensor) -> Tensor:
        """The U-Net's latents (B, C, h, w) as the autoencoder wants them, in float32."""
        latents = latents.float() * (1 / self.scale)
        if self.mean:
            latents = latents * _by_channel(self.spread, latents) + _by_channel(self.mean, latents)
        return latents


class VaeResBlock(nn.Module):
    """Two normalised convolutions with a shortcut."""

    def __init__(self, inputs: int, outputs: int, groups: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs, eps=1e-6)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm2 = nn.GroupNorm(groups, outputs, eps=1e-6)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        if inputs != outputs:
            self.nin_shortcut = nn.Conv2d(inputs, outputs, 1)
        self.has_shortcut = inputs != outputs

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.conv1(functional.silu(self.norm1(x)))
        hidden = self.conv2(functional.silu(self.norm2(hidden)))
        return (self.nin_shortcut(x) if self.has_shortcut else x) + hidden


class VaeAttention(nn.Module):
    """One-headed self-attention over the cells, by 1 × 1 convolutions."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.norm(x)
        q, k, v = (tokens_of(project(hidden)) for project in (self.q, self.k, self.v))
        return x + self.proj_out(picture_of(attend(q, k, v, heads=1), x))


class VaeMiddle(Stage):
    """Residual block, attention, residual block at the coarsest level."""

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.block_1 = VaeResBlock(channels, channels, groups)
        self.attn_1 = VaeAttention(channels, groups)
        self.block_2 = VaeResBlock(channels, channels, groups)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class VaeDownsample(nn.Module):
    """Halves the size; pads right and below only, as LDM does."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.pad(x, (0, 1, 0, 1)))


class VaeUpsample(nn.Module):
    """Doubles the size by repetition, then convolves."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(functional.interpolate(x, scale_factor=2.0, mode="nearest"))


class VaeLevel(Stage):
    """The residual blocks of one size and the change to the next, if there is one."""

    def __init__(
        self, inputs: int, outputs: int, blocks: int, change: str | None, groups: int
    ) -> None:
        super().__init__()
        widths = [inputs] + [outputs] * blocks
        self.block = nn.ModuleList(VaeResBlock(a, b, groups) for a, b in pairwise(widths))
        if change == "downsample":
            self.downsample = VaeDownsample(outputs)
        elif change == "upsample":
            self.upsample = VaeUpsample(outputs)
        self.change = change

    def forward(self, x: Tensor) -> Tensor:
        for block in self.block:
            x = block(x)
        return x if self.change is None else cast(nn.Module, getattr(self, self.change))(x)


class Encoder(nn.Module):
    """Pixels to the mean and log variance of a latent."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        groups = config.norm_groups
        widths = (config.channels[0], *config.channels)
        last = len(config.channels) - 1
        self.conv_in = nn.Conv2d(config.picture_channels, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            VaeLevel(
                widths[i],
                widths[i + 1],
                config.res_blocks,
                "downsample" if i < last else None,
                groups,
            )
            for i in range(last + 1)
        )
        self.mid = VaeMiddle(widths[-1], groups)
        self.norm_out = nn.GroupNorm(groups, widths[-1], eps=1e-6)
        self.conv_out = nn.Conv2d(widths[-1], 2 * config.latent_channels, 3, padding=1)

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.conv_in(pixels)
        for level in self.down:
            x = level(x)
        return self.conv_out(functional.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    """A latent to pixels."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        groups = config.norm_groups
        widths = (*config.channels, config.channels[-1])
        last = len(config.channels) - 1
        self.conv_in = nn.Conv2d(config.latent_channels, widths[-1], 3, padding=1)
        self.mid = VaeMiddle(widths[-1], groups)
        self.up = nn.ModuleList(
            VaeLevel(
                widths[i + 1],
                widths[i],
                config.res_blocks + 1,
                "upsample" if i > 0 else None,
                groups,
            )
            for i in range(last + 1)
        )
        self.norm_out = nn.GroupNorm(groups, widths[0], eps=1e-6)
        self.conv_out = nn.Conv2d(widths[0], config.picture_channels, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.mid(self.conv_in(latent))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(functional.silu(self.norm_out(x)))


class Vae(nn.Module):
    """Encoder, decoder and the two 1 × 1 convolutions between them."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        z = config.latent_channels
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quant_conv = nn.Conv2d(2 * z, 2 * z, 1)
        self.post_quant_conv = nn.Conv2d(z, z, 1)

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Posterior of a picture.

        Args:
            pixels: (B, 3, H, W) in −1 … 1, H and W multiples of `config.factor`.

        Returns:
            mean and log variance, each (B, latent_channels, h, w), unscaled.
        """
        mean, log_variance = self.quant_conv(self.encoder(pixels)).chunk(2, dim=1)
        return mean, log_variance.clamp(-30.0, 20.0)

    def decode(self, latent: Tensor) -> Tensor:
        """Picture of an unscaled latent (B, latent_channels, h, w): (B, 3, H, W), about −1 … 1."""
        return self.decoder(self.post_quant_conv(latent))


def _by_channel(numbers: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(numbers, device=like.device)[:, None, None]
