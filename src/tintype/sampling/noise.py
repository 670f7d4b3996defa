"""Where an image's randomness comes from."""

import torch
from torch import Tensor


class NoiseSource:
    """Standard normal latents from a seed, in the order they are drawn.

    One source belongs to one image, so its noise does not depend on the images beside it. Numbers
    are those of torch's CPU generator: A1111's source "CPU", and its "GPU" where there is none.
    """

    def __init__(self, seed: int, shape: tuple[int, ...]) -> None:
        self._generator = torch.Generator("cpu").manual_seed(seed)
        self._shape = shape

    def draw(self) -> Tensor:
        """The next latent, float32 on the CPU."""
        return torch.randn(self._shape, generator=self._generator)
