"""GFPGAN: a U-Net that looks through the damage, and a painter of faces that it guides.

Source: Wang et al. 2021, arXiv:2101.04061. Module names are those of `GFPGANv1.4.pth`.
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from tintype.core.restorer_files import GfpganSizes
from tintype.networks.faces.styled import StyledGenerator

_SLOPE = 0.2
_SMALLEST = 4  # pixels to a side, where the U-Net turns round


class _Block(nn.Module):
    """Two convolutions beside a shortcut, with a change of size between them."""

    def __init__(self, inputs: int, outputs: int, scale: float) -> None:
        super().__init__()
        self.scale = scale
        self.conv1 = nn.Conv2d(inputs, inputs, 3, padding=1)
        self.conv2 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self._resized(_activated(self.conv1(x)))
        return _activated(self.conv2(hidden)) + self.skip(self._resized(x))

    def _resized(self, x: Tensor) -> Tensor:
        return functional.interpolate(x, scale_factor=self.scale, mode="bilinear")


class Gfpgan(nn.Module):
    """From faces (B, 3, S, S) in −1 … 1 to restored ones, about in −1 … 1."""

    def __init__(self, sizes: GfpganSizes) -> None:
        super().__init__()
        self.sizes, channels = sizes, sizes.channels
        levels = len(channels) - 1
        back, given = channels[::-1], sizes.decoder_channels[::-1]
        self.conv_body_first = nn.Conv2d(3, channels[0], 1)
        self.conv_body_down = nn.ModuleList(_Block(*pair, 0.5) for pair in pairwise(channels))
        self.final_conv = nn.Conv2d(channels[-1], channels[-1], 3, padding=1)
        self.conv_body_up = nn.ModuleList(_Block(*pair, 2) for pair in pairwise(back))
        self.final_linear = nn.Linear(
            channels[-1] * _SMALLEST**2, (2 * levels + 2) * sizes.features
        )
        halves = [*zip(back[1:], (count // 2 for count in given[1:]), strict=True)]
        self.condition_scale = nn.ModuleList(_transform(*half) for half in halves)
        self.condition_shift = nn.ModuleList(_transform(*half) for half in halves)
        self.stylegan_decoder = StyledGenerator(sizes)

    def forward(self, faces: Tensor, weight: float) -> Tensor:
        """Restored faces; `weight` has no say in GFPGAN."""
        x = _activated(self.conv_body_first(faces))
        seen: list[Tensor] = []
        for down in self.conv_body_down:
            x = down(x)
            seen.append(x)
        x = _activated(self.final_conv(x))
        styles = self.final_linear(x.flatten(1)).unflatten(1, (-1, self.sizes.features))
        transforms: list[tuple[Tensor, Tensor]] = []
        for level, up in enumerate(self.conv_body_up):
            x = up(x + seen.pop())
            transforms.append((self.condition_scale[level](x), self.condition_shift[level](x)))
        return self.stylegan_decoder(styles, transforms)


def _transform(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1),
        nn.LeakyReLU(_SLOPE),
        nn.Conv2d(inputs, outputs, 3, padding=1),
    )


def _activated(x: Tensor) -> Tensor:
    return functional.leaky_relu(x, _SLOPE)
