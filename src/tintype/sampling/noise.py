"""Where an image's randomness comes from."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from tintype.core.sampler_settings import NoiseSettings, RandomSource
from tintype.sampling.brownian import BrownianPath
from tintype.sampling.philox import Philox

Draw = Callable[[], Tensor]  # the next standard normal latent
Shape = tuple[int, int, int]

PIXELS_PER_CELL = 8
_ALMOST_PARALLEL = 0.9995


@dataclass(frozen=True, slots=True)
class _Generators:
    """Makes seeded streams of standard normal numbers of one kind, on one device."""

    source: RandomSource
    device: torch.device

    def stream(self, seed: int) -> Callable[[Shape], Tensor]:
        """A stream of its own: each call draws the next latent, float32 on the device."""
        if self.source == "NV":
            philox = Philox(seed)
            return lambda shape: self._here(philox.normal(torch.Size(shape).numel()), shape)
        at = self.device if self.source == "GPU" else torch.device("cpu")
        generator = torch.Generator(at).manual_seed(seed)
        return lambda shape: torch.randn(shape, generator=generator, device=at).to(self.device)

    def _here(self, numbers: object, shape: Shape) -> Tensor:
        return torch.as_tensor(numbers).reshape(shape).to(self.device)


class NoiseSource:
    """Standard normal latents of one image, in the order A1111 draws them.

    A source belongs to one image, so its noise does not depend on the images beside it. All
    latents are float32 on `device`.

    Args:
        settings: seeds and the kind of generator.
        shape: (C, h, w) of the latents.
        device: where "GPU" draws and where all latents go.
    """

    def __init__(
        self, settings: NoiseSettings, shape: Shape, device: str | torch.device = "cpu"
    ) -> None:
        self._settings = settings
        self._shape = shape
        self._generators = _Generators(settings.source, torch.device(device))
        self._stream = self._generators.stream(settings.seed)

    def first(self) -> Tensor:
        """The noise an image starts from, bent by subseed and seed resize.

        To be drawn once, before all others: those come from the seed plus ENSD if there is one.
        """
        noise = self._composition()
        if noise.shape != self._shape:
            noise = _pasted(noise, onto=self._stream(self._shape))
        if self._settings.ensd:
            self._stream = self._generators.stream(self._settings.seed + self._settings.ensd)
        return noise

    def draw(self) -> Tensor:
        """The next latent."""
        return self._stream(self._shape)

    def brownian(self, sigma_low: float, sigma_high: float) -> BrownianPath:
        """A path of the image's seed between two noise levels, for the SDE samplers.

        Neither draws nor ENSD nor subseed change it.
        """
        seed = self._settings.seed
        return BrownianPath(
            sigma_low, sigma_high, seed, lambda node: self._generators.stream(node)(self._shape)
        )

    def _composition(self) -> Tensor:
        """The noise that decides what is where, in the size it was first seen in."""
        settings, shape = self._settings, self._original_shape()
        fresh = self._generators.stream
        noise = self._stream(shape) if shape == self._shape else fresh(settings.seed)(shape)
        if settings.subseed_strength == 0:
            return noise
        return slerp(settings.subseed_strength, noise, fresh(settings.subseed)(shape))

    def _original_shape(self) -> Shape:
        if self._settings.resize_from is None or min(self._settings.resize_from) <= 0:
            return self._shape
        width, height = self._settings.resize_from
        return (self._shape[0], height // PIXELS_PER_CELL, width // PIXELS_PER_CELL)


def slerp(share: float, here: Tensor, there: Tensor) -> Tensor:
    """Turn one noise (C, h, w) towards another by `share` (0 … 1) of the angle between them.

    A1111's habits: each column (over h) turns by its own angle; noises that are almost parallel
    are mixed with the shares the wrong way round.
    """
    cosine = (_unit(here) * _unit(there)).sum(1)
    if cosine.mean() > _ALMOST_PARALLEL:
        return here * share + there * (1 - share)
    angle = cosine.acos()
    whole = angle.sin()
    near, far = ((1 - share) * angle).sin() / whole, (share * angle).sin() / whole
    return near.unsqueeze(1) * here + far.unsqueeze(1) * there


def _unit(noise: Tensor) -> Tensor:
    return noise / noise.square().sum(dim=1, keepdim=True).sqrt()


def _pasted(noise: Tensor, onto: Tensor) -> Tensor:
    """Noise of one size laid on the middle of another; what juts out is cut off."""
    (top, skip_top, height) = _overlap(noise.shape[1], onto.shape[1])
    (left, skip_left, width) = _overlap(noise.shape[2], onto.shape[2])
    seen = noise[:, skip_top : skip_top + height, skip_left : skip_left + width]
    onto[:, top : top + height, left : left + width] = seen
    return onto


def _overlap(size: int, target: int) -> tuple[int, int, int]:
    """Where to lay a stretch on another, how much of its start to skip, and how much is left."""
    gap = (target - size) // 2
    return (gap, 0, size) if gap >= 0 else (0, -gap, size + 2 * gap)
