"""Latents and pixels: shapes, enlarging, and the way between tensors and pictures."""

from collections.abc import Generator
from typing import cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from tintype.core.orders import Answer, Decode, EncodePixels, Network, Order, Steps
from tintype.core.requests import Plan
from tintype.core.upscalers import LATENT_UPSCALERS

CHANNELS = 4
PIXELS_PER_CELL = 8


def latent_shape(width: int, height: int) -> tuple[int, int, int]:
    """(C, h, w) of a picture's latent; what is less than a cell is cut off."""
    return CHANNELS, height // PIXELS_PER_CELL, width // PIXELS_PER_CELL


def shape_of(latent: Tensor) -> tuple[int, int, int]:
    """(C, h, w) of a latent."""
    channels, h, w = latent.shape
    return channels, h, w


def enlarged(latent: Tensor, upscaler: str, width: int, height: int) -> Tensor:
    """A latent (C, h, w) at the size of a picture of `width` × `height` pixels."""
    mode, antialias = LATENT_UPSCALERS[upscaler]
    _, h, w = latent_shape(width, height)
    return functional.interpolate(latent[None], (h, w), mode=mode, antialias=antialias)[0]


def cut(latent: Tensor, columns: int, rows: int) -> Tensor:
    """A latent without so many cells in all, half of them from each side."""
    _, h, w = latent.shape
    top, left = rows // 2, columns // 2
    return latent[:, top : h - (rows - top), left : w - (columns - left)]


def encode_noise(plan: Plan, shape: tuple[int, int, int]) -> Tensor:
    """The noise with which A1111's autoencoder draws a latent of a hires pass.

    It comes from torch's global generator, which the noise of the batch's last image seeded, one
    latent after the other.
    """
    generator = torch.Generator("cpu").manual_seed(plan.encode_seed)
    for _ in range(plan.encode_place):
        torch.randn(shape, generator=generator)
    return torch.randn(shape, generator=generator)


def tensor_of(picture: Image.Image) -> Tensor:
    """An RGB picture as (3, H, W) float32 in −1 … 1."""
    pixels = np.moveaxis(np.array(picture, dtype=np.float32) / 255.0, 2, 0)
    return torch.from_numpy(pixels) * 2 - 1


def encoded_picture(picture: Image.Image, network: Network, noise: Tensor | None = None) -> Steps:
    """The latent of an RGB picture."""
    return cast(Tensor, (yield EncodePixels(network, tensor_of(picture), noise)))


def decoded_picture(latent: Tensor, network: Network) -> Generator[Order, Answer, Image.Image]:
    """The RGB picture of a latent."""
    return picture_of(cast(Tensor, (yield Decode(network, latent))))


def picture_of(pixels: Tensor) -> Image.Image:
    """(H, W, 3) uint8 as a picture."""
    return Image.fromarray(pixels.numpy())


def planes_of(pixels: Tensor) -> Tensor:
    """(H, W, 3) as (3, H, W), in which networks of pixels are asked."""
    return pixels.permute(2, 0, 1).contiguous()


def pixels_in(planes: Tensor) -> Tensor:
    """(3, H, W) as (H, W, 3)."""
    return planes.permute(1, 2, 0).contiguous()


def pixels_of(picture: Image.Image) -> Tensor:
    """A picture as (H, W, 3 or 4) uint8."""
    return torch.from_numpy(np.array(picture))
