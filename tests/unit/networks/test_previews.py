"""Rough pictures of latents."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.fakes.checkpoints import save_tensors
from torch import Tensor
from torch.nn import functional

from tintype.demo.checkpoint import CHECKPOINT
from tintype.networks import load_checkpoint
from tintype.networks.previews import Colours
from tintype.networks.small_decoder import SmallDecoder


@dataclass
class SmallPictures:
    """An autoencoder whose latents are small pictures in colours of their own."""

    mix: Tensor

    def encode(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        small = functional.avg_pool2d(pixels, 8)
        latent = torch.einsum("cr,brhw->bchw", self.mix, small) + 0.3
        return latent, torch.zeros_like(latent)


def test_colours_are_learnt_from_the_autoencoder() -> None:
    """Whatever colours an autoencoder thinks in, the preview is the picture made small."""
    mix = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    vae = SmallPictures(mix)
    colours = Colours.of(vae, lambda latents: latents * 0.18215, torch.zeros(1))
    picture = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(2))
    preview = colours.of_latent(vae.encode(picture * 2 - 1)[0][0] * 0.18215)
    wanted = functional.avg_pool2d(picture, 8)[0].permute(1, 2, 0) * 255
    assert preview.shape == (8, 12, 3)
    assert (preview.float() - wanted).abs().max() <= 1


def test_small_autoencoders_show_the_picture_itself() -> None:
    """A demo model's preview is what its latent decodes to."""
    with torch.inference_mode():
        network = load_checkpoint(CHECKPOINT, None, torch.device("cpu"), torch.float32)
        pixels = torch.from_numpy(np.array(Image.new("RGB", (64, 64), "red"), np.float32))
        latent = network.autoencoder.encode_pixels(pixels.permute(2, 0, 1)[None] / 127.5 - 1)
        assert torch.equal(
            network.autoencoder.glance(latent[0]), network.autoencoder.decode(latent)[0]
        )


def test_a_small_decoder_is_used_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With TAESD's decoder the preview is eight times the latent's size and the decoder's own."""
    monkeypatch.setattr("tintype.networks.previews.SMALL_VAE", 0)
    torch.manual_seed(1)
    decoder = SmallDecoder()
    path = save_tensors(decoder.state_dict(), tmp_path / "taesd_decoder.safetensors")
    with torch.inference_mode():
        network = load_checkpoint(CHECKPOINT, None, torch.device("cpu"), torch.float32)
        network.autoencoder.use_small_decoder(path)
        latent = torch.randn(4, 8, 6)
        assert torch.equal(network.autoencoder.glance(latent), decoder.picture(latent))
        assert network.autoencoder.glance(latent).shape == (64, 48, 3)
