"""What inpainting and edit checkpoints see beside the latent."""

from collections.abc import Generator

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from tintype.core.orders import Answer, EncodePixels, Network, Order, Steps
from tintype.core.requests import Init, Plan
from tintype.imaging import Masking
from tintype.recipes.latents import PIXELS_PER_CELL, tensor_of

INPAINTING, EDIT = 9, 8  # input channels of such U-Nets

Beside = Generator[Order, Answer, Tensor | None]


def beside_noise(plan: Plan, network: Network, width: int, height: int) -> Beside:
    """For a picture from noise: nothing is kept, so all is masked and grey."""
    if plan.input_channels == INPAINTING:
        grey = torch.zeros(3, height // PIXELS_PER_CELL * 8, width // PIXELS_PER_CELL * 8)
        return (yield from _masked(network, grey, torch.ones(grey.shape[1:]), 1.0))
    if plan.input_channels == EDIT:
        return torch.zeros(4, height // PIXELS_PER_CELL, width // PIXELS_PER_CELL)
    return None


def beside_picture(plan: Plan, init: Init, picture: Image.Image, masking: Masking | None) -> Beside:
    """For a picture that is repainted: what of it is kept, or all of it for edit checkpoints."""
    if plan.input_channels == INPAINTING:
        source = tensor_of(picture)
        mask = torch.ones(source.shape[1:])
        if masking is not None:
            mask = torch.from_numpy(np.array(masking.mask, dtype=np.float32) / 255)
            mask = mask.round() if init.masking.rounds else mask
        return (yield from _masked(plan.network, source, mask, init.mask_weight))
    if plan.input_channels == EDIT:
        latent = yield EncodePixels(plan.network, tensor_of(picture))
        assert isinstance(latent, Tensor)
        return latent * plan.edit_scale
    return None


def _masked(network: Network, source: Tensor, mask: Tensor, weight: float) -> Steps:
    """(5, h, w): the mask, and the latent of the picture (3, H, W) without what is masked."""
    kept = torch.lerp(source, source * (1 - mask), weight)
    latent = yield EncodePixels(network, kept)
    assert isinstance(latent, Tensor)
    small = functional.interpolate(mask[None, None], latent.shape[1:])[0]
    return torch.cat([small.to(latent), latent])
