"""TAESD's decoder against diffusers' AutoencoderTiny on the same weights."""

from pathlib import Path

import pytest
import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from tests.fakes.checkpoints import save_tensors, write_lora

from tintype.errors import ModelError
from tintype.networks.small_decoder import SmallDecoder, read_small_decoder

CPU = torch.device("cpu")


def test_equals_the_tiny_autoencoder(tmp_path: Path) -> None:
    """Pictures of latents within and beyond the clamp differ by less than 1e-5."""
    torch.manual_seed(1)
    ours = SmallDecoder()
    path = save_tensors(ours.state_dict(), tmp_path / "taesd_decoder.safetensors")
    theirs = AutoencoderTiny().eval()
    state = {
        f"layers.{int(name.split('.')[0]) - 1}.{name.partition('.')[2]}": tensor
        for name, tensor in ours.state_dict().items()
    }
    theirs.decoder.load_state_dict(state)
    latent = torch.randn(2, 4, 8, 12) * 4
    with torch.inference_mode():
        found = read_small_decoder(path, CPU, torch.float32)(latent)
        expected = (theirs.decode(latent, return_dict=False)[0] + 1) / 2
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A file that holds something else is named as what it is not."""
    with pytest.raises(ModelError, match="no TAESD decoder"):
        read_small_decoder(write_lora(tmp_path / "taesd_decoder.safetensors"), CPU, torch.float32)
