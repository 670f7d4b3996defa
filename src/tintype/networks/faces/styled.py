"""StyleGAN2's generator, whose features are bent towards a picture on their way.

Sources: Karras et al. 2020, arXiv:1912.04958 (StyleGAN2); Wang et al. 2021, arXiv:2101.04061
(GFPGAN, section 3.3: spatial transforms of one half of the channels). Module names are those of
`GFPGANv1.4.pth`, whose resizing is bilinear where StyleGAN2's own blurs.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from tintype.core.restorer_files import GfpganSizes

_SLOPE = 0.2
_GAIN = 2**0.5  # of a convolution before noise and bias, as the weights were converted
_LEAST = 1e-8  # keeps the norm of a style that is zero from being divided by


class _Modulated(nn.Module):
    """A convolution whose inputs each style weighs.

    The weights are the same for all rows: what weighs them is put to the inputs, and their norm to
    the outputs, so faces of any number share one pass.
    """

    def __init__(self, inputs: int, outputs: int, side: int, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, outputs, inputs, side, side))
        self.modulation = nn.Linear(features, inputs)

    def weighed(self, x: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        """The convolution's answer (B, O, H, W), and what each input was weighed by (B, I)."""
        weights = self.modulation(style)
        kernel = self.weight[0]
        answer = functional.conv2d(x * weights[..., None, None], kernel, padding="same")
        return answer, weights

    def norms(self, weights: Tensor) -> Tensor:
        """What the outputs are multiplied by to be of unit variance: (B, O, 1, 1)."""
        squares = self.weight[0].square().sum((2, 3))
        return (weights.square() @ squares.T + _LEAST).rsqrt()[..., None, None]


class _StyledConvolution(nn.Module):
    def __init__(self, inputs: int, outputs: int, features: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.bias = nn.Parameter(torch.zeros(1, outputs, 1, 1))
        self.modulated_conv = _Modulated(inputs, outputs, 3, features)

    def forward(self, x: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        x, weights = self.modulated_conv.weighed(x, style)
        x = x * (_GAIN * self.modulated_conv.norms(weights)) + self.weight * noise
        return functional.leaky_relu(x + self.bias, _SLOPE)


class _ToRgb(nn.Module):
    def __init__(self, inputs: int, features: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))
        self.modulated_conv = _Modulated(inputs, 3, 1, features)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return self.modulated_conv.weighed(x, style)[0] + self.bias


class _Noises(nn.Module):
    """The noise that each convolution adds: the file's own, so that a face is always the same."""

    def __init__(self, levels: int) -> None:
        super().__init__()
        for number in range(2 * levels + 1):
            side = 4 * 2 ** ((number + 1) // 2)
            self.register_buffer(f"noise{number}", torch.zeros(1, 1, side, side))


class StyledGenerator(nn.Module):
    """From styles and transforms to faces (B, 3, S, S)."""

    def __init__(self, sizes: GfpganSizes) -> None:
        super().__init__()
        channels, features = sizes.decoder_channels[::-1], sizes.features
        self.constant_input = _Constant(channels[0])
        self.style_conv1 = _StyledConvolution(channels[0], channels[0], features)
        self.to_rgb1 = _ToRgb(channels[0], features)
        widths = [*pairwise(channels)]
        self.style_convs = nn.ModuleList(
            _StyledConvolution(width, outputs, features)
            for inputs, outputs in widths
            for width in (inputs, outputs)
        )
        self.to_rgbs = nn.ModuleList(_ToRgb(outputs, features) for _, outputs in widths)
        self.noises = _Noises(len(widths))

    def forward(self, styles: Tensor, transforms: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Paint.

        Args:
            styles: (B, 2 n + 2, features), for n doublings from 4 × 4.
            transforms: a factor and a summand (B, C, s, s) for each doubled size, the smallest
                first; for the last C channels that the size has.
        """
        style, noise = styles.unbind(1), [*self.noises.buffers()]
        x = self.constant_input.weight.expand(len(styles), -1, -1, -1)
        x = self.style_conv1(x, style[0], noise[0])
        picture = self.to_rgb1(x, style[1])
        for level, (factor, summand) in enumerate(transforms):
            first = 2 * level + 1
            x = self.style_convs[first - 1](doubled(x), style[first], noise[first])
            x = _transformed(x, factor, summand)
            x = self.style_convs[first](x, style[first + 1], noise[first + 1])
            picture = doubled(picture) + self.to_rgbs[level](x, style[first + 2])
        return picture


class _Constant(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, channels, 4, 4))


def doubled(x: Tensor) -> Tensor:
    """A picture (B, C, H, W) at twice its size, bilinear."""
    return functional.interpolate(x, scale_factor=2, mode="bilinear")


def _transformed(x: Tensor, factor: Tensor, summand: Tensor) -> Tensor:
    kept = x.shape[1] - factor.shape[1]
    return torch.cat((x[:, :kept], x[:, kept:] * factor + summand), 1)
