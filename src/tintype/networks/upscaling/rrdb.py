"""ESRGAN's generator: residual blocks of dense blocks, then one doubling after another.

Sources: Wang et al. 2018, arXiv:1809.00219 (ESRGAN); Wang et al. 2021, arXiv:2107.10833
(Real-ESRGAN, whose names the modules bear, and whose networks for ×1 and ×2 begin with a pixel
unshuffle); Rakotonirina and Rasoanaivo 2020, arXiv:2001.08073 (ESRGAN+, residuals inside the dense
blocks).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from tintype.core.upscaler_files import RrdbSizes

RESIDUAL = 0.2  # weight of what a block adds, as all of them were trained
_SLOPE = 0.2


class _DenseBlock(nn.Module):
    """Five convolutions, each seeing all that came before it."""

    def __init__(self, sizes: RrdbSizes) -> None:
        super().__init__()
        features, growth = sizes.features, sizes.growth
        self.conv1 = _convolution(features, growth)
        self.conv2 = _convolution(features + growth, growth)
        self.conv3 = _convolution(features + 2 * growth, growth)
        self.conv4 = _convolution(features + 3 * growth, growth)
        self.conv5 = _convolution(features + 4 * growth, features)
        self.conv1x1 = (
            nn.Conv2d(features, growth, 1, bias=False) if sizes.has_shortcuts else nn.Identity()
        )
        self._has_shortcuts = sizes.has_shortcuts

    def forward(self, x: Tensor) -> Tensor:
        first = _activated(self.conv1(x))
        second = _activated(self.conv2(torch.cat((x, first), 1)))
        if self._has_shortcuts:
            second = second + self.conv1x1(x)
        third = _activated(self.conv3(torch.cat((x, first, second), 1)))
        fourth = _activated(self.conv4(torch.cat((x, first, second, third), 1)))
        if self._has_shortcuts:
            fourth = fourth + second
        fifth = self.conv5(torch.cat((x, first, second, third, fourth), 1))
        return x + RESIDUAL * fifth


class _ResidualBlock(nn.Module):
    """Three dense blocks beside the identity."""

    def __init__(self, sizes: RrdbSizes) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (_DenseBlock(sizes) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return x + RESIDUAL * self.rdb3(self.rdb2(self.rdb1(x)))


class Rrdb(nn.Module):
    """From pictures (B, C, H, W) in 0 … 1 to larger ones, about in 0 … 1."""

    def __init__(self, sizes: RrdbSizes) -> None:
        super().__init__()
        self.sizes, features = sizes, sizes.features
        self.conv_first = _convolution(sizes.channels * sizes.unshuffle**2, features)
        self.body = nn.Sequential(*(_ResidualBlock(sizes) for _ in range(sizes.blocks)))
        self.conv_body = _convolution(features, features)
        for number in range(1, sizes.doublings + 1):
            self.add_module(f"conv_up{number}", _convolution(features, features))
        self.conv_hr = _convolution(features, features)
        self.conv_last = _convolution(features, sizes.channels)

    @property
    def scale(self) -> int:
        """Factor of both sides."""
        return self.sizes.scale

    def forward(self, x: Tensor) -> Tensor:
        """Sides that are no multiples of the unshuffle are made so, and the rest cut off again."""
        height, width = x.shape[-2:]
        x = self.conv_first(_unshuffled(x, self.sizes.unshuffle))
        x = x + self.conv_body(self.body(x))
        for number in range(1, self.sizes.doublings + 1):
            x = functional.interpolate(x, scale_factor=2, mode="nearest")
            x = _activated(self.get_submodule(f"conv_up{number}")(x))
        x = self.conv_last(_activated(self.conv_hr(x)))
        return x[..., : height * self.scale, : width * self.scale]


def _unshuffled(x: Tensor, factor: int) -> Tensor:
    if factor == 1:
        return x
    below, right = (-side % factor for side in x.shape[-2:])
    if below or right:
        is_wide = min(x.shape[-2:]) > max(below, right)
        x = functional.pad(x, (0, right, 0, below), "reflect" if is_wide else "replicate")
    return functional.pixel_unshuffle(x, factor)


def _activated(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, _SLOPE)


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
