"""A network that enlarges pictures, ready to be asked."""

import torch
from torch import Tensor, nn


class Enlarger:
    """A network on its device.

    Attributes:
        scale: factor of both sides, at least 1.
        bytes: memory that its weights take.
    """

    def __init__(self, network: nn.Module, scale: int) -> None:
        """Ready.

        Args:
            network: from pictures (B, 3, H, W) in 0 … 1 to larger ones.
            scale: factor of both sides.
        """
        self.scale, self._network = scale, network
        self.bytes = sum(one.numel() * one.element_size() for one in network.parameters())

    def enlarged(self, pixels: Tensor) -> Tensor:
        """Pictures (B, 3, H, W) uint8 RGB on the CPU, enlarged: (B, 3, sH, sW) uint8 on the CPU.

        A1111's habit: the network is shown blue, green, red, though all of them were trained on
        red, green, blue; and its answer is rounded, not cut off.
        """
        weight = next(self._network.parameters())
        pictures = pixels.flip(1).to(weight.device).to(weight.dtype) / 255
        answer = self._network(pictures.contiguous(memory_format=torch.channels_last))
        levels = (answer.float().clamp(0, 1) * 255).round().to(torch.uint8)
        return levels.flip(1).cpu()
