"""TAESD's decoder: pictures of latents at a hundredth of the cost, for previews.

Source: Ollin Boer Bohan, TAESD (MIT). Module names are those of `taesd_decoder.safetensors`.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from tintype.errors import ModelError
from tintype.networks.filling import Filling, fill, without_memory
from tintype.tensorfiles import open_table

_WIDTH = 64
_DOUBLINGS = 3


class _Clamp(nn.Module):
    """Keeps latents softly within ±3."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x / 3) * 3


class _Block(nn.Module):
    """Three convolutions beside the identity."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            _convolution(), nn.ReLU(), _convolution(), nn.ReLU(), _convolution()
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.conv(x) + x)


class SmallDecoder(nn.Sequential):
    """From latents (B, C, h, w) as the U-Net's answers are scaled to pictures in 0 … 1."""

    def __init__(self, latent_channels: int = 4) -> None:
        layers: list[nn.Module] = [_Clamp(), _convolution(latent_channels), nn.ReLU()]
        for _ in range(_DOUBLINGS):
            layers += [_Block(), _Block(), _Block()]
            layers += [nn.Upsample(scale_factor=2), _convolution(bias=False)]
        super().__init__(*layers, _Block(), nn.Conv2d(_WIDTH, 3, 3, padding=1))

    def picture(self, latent: Tensor) -> Tensor:
        """(H, W, 3) uint8 on the CPU of one latent (C, h, w)."""
        pixels = self(latent[None].to(next(self.parameters())))[0].float().clamp(0, 1)
        return (255 * pixels).round().to(torch.uint8).permute(1, 2, 0).contiguous().cpu()


def read_small_decoder(path: Path, device: torch.device, dtype: torch.dtype) -> SmallDecoder:
    """Load `taesd_decoder.safetensors`. Raises `ModelError` if it is none."""
    table = open_table(path)
    if table.shapes.get("1.weight", ())[:1] != (_WIDTH,):
        raise ModelError(f"{path.name} is no TAESD decoder")
    with without_memory():
        decoder = SmallDecoder(table.shapes["1.weight"][1])
    fill([Filling(decoder, {"": ""}, dtype, device)], table.tensors)
    return decoder


def _convolution(inputs: int = _WIDTH, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inputs, _WIDTH, 3, padding=1, bias=bias)
