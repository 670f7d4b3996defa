"""Real-ESRGAN's compact network: convolutions at the size of the picture, then one pixel shuffle.

Source: Wang et al. 2021, arXiv:2107.10833, and the release notes of Real-ESRGAN 0.3. Module names
are those of `realesr-general-x4v3.pth`.
"""

from torch import Tensor, nn
from torch.nn import functional

from tintype.core.upscaler_files import CompactSizes


class Compact(nn.Module):
    """From pictures (B, C, H, W) in 0 … 1 to larger ones, about in 0 … 1."""

    def __init__(self, sizes: CompactSizes) -> None:
        super().__init__()
        self.sizes, features = sizes, sizes.features
        layers: list[nn.Module] = [_convolution(sizes.channels, features), nn.PReLU(features)]
        for _ in range(sizes.convolutions):
            layers += [_convolution(features, features), nn.PReLU(features)]
        layers.append(_convolution(features, sizes.channels * sizes.scale**2))
        self.body = nn.Sequential(*layers)

    @property
    def scale(self) -> int:
        """Factor of both sides."""
        return self.sizes.scale

    def forward(self, x: Tensor) -> Tensor:
        details = functional.pixel_shuffle(self.body(x), self.scale)
        return details + functional.interpolate(x, scale_factor=self.scale, mode="nearest")


def _convolution(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)
