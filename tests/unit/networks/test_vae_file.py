"""Autoencoders from files of their own, in the forms people have them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.fakes.checkpoints import (
    TINY_VAE,
    save_tensors,
    tiny_tensors,
    write_lora,
    write_random_tensors,
    write_tiny_checkpoint,
    write_torn_checkpoint,
    write_vae_alone,
)
from torch import Tensor

from tintype.core.families import VAE_PREFIX
from tintype.errors import ModelError
from tintype.networks import Autoencoder, load_autoencoder
from tintype.networks.vae import VaeConfig

CPU = torch.device("cpu")
OTHER_LATENTS = {"mean": (0.5,) * 4, "spread": (2.0,) * 4, "scale": 0.5}


def load(path: Path, own: VaeConfig = TINY_VAE) -> Autoencoder:
    return load_autoencoder(path, own, CPU, torch.float32)


def alone() -> dict[str, Tensor]:
    """The tensors of a tiny autoencoder in the layout of LDM."""
    tensors = tiny_tensors()
    return {k.removeprefix(VAE_PREFIX): v for k, v in tensors.items() if k.startswith(VAE_PREFIX)}


def assert_holds(autoencoder: Autoencoder, tensors: Mapping[str, Tensor]) -> None:
    for name, weight in autoencoder.vae.state_dict().items():
        assert torch.equal(weight, tensors[name].float()), name


def test_a_plain_file(tmp_path: Path) -> None:
    """Every weight is the file's, in the type that is wanted."""
    autoencoder = load(write_vae_alone(tmp_path / "a.safetensors"))
    assert_holds(autoencoder, alone())
    assert (autoencoder.dtype, autoencoder.vae.config) == (torch.float32, TINY_VAE)


def test_pickles(tmp_path: Path) -> None:
    """A pickle is read, be the tensors in it or in its `state_dict`; training's are left out."""
    junk = {"loss.logvar": torch.zeros(()), "model_ema.decay": torch.zeros(())}
    torch.save(alone() | junk, tmp_path / "a.pt")
    torch.save({"state_dict": alone() | junk, "epoch": 3}, tmp_path / "b.ckpt")
    for name in ("a.pt", "b.ckpt"):
        assert_holds(load(tmp_path / name), alone())


def test_one_under_a_prefix(tmp_path: Path) -> None:
    """One named as in checkpoints, or in a whole checkpoint, is what is meant by the file."""
    prefixed = {VAE_PREFIX + name: tensor for name, tensor in alone().items()}
    assert_holds(load(save_tensors(prefixed, tmp_path / "a.safetensors")), alone())
    assert_holds(load(write_tiny_checkpoint(tmp_path / "b.safetensors")), alone())


def test_it_is_for_the_checkpoints_latents(tmp_path: Path) -> None:
    """The scale of latents is the checkpoint's; of itself a file does not tell."""
    path = write_vae_alone(tmp_path / "a.safetensors")
    own = replace(TINY_VAE, **OTHER_LATENTS)
    plain, scaled = load(path), load(path, own)
    latents = torch.randn(1, 4, 2, 2)
    assert scaled.vae.config == own
    assert torch.equal(
        scaled.decode(latents), plain.decode((latents * 2 * 2 + 0.5) * TINY_VAE.scale)
    )


def test_it_may_be_of_another_size(tmp_path: Path) -> None:
    """Other channels within, as distilled ones have, matter to nobody."""
    path = write_vae_alone(tmp_path / "a.safetensors")
    wide = replace(TINY_VAE, channels=(64, 64, 64, 64), res_blocks=2)
    assert load(path, wide).vae.config == TINY_VAE


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (replace(TINY_VAE, latent_channels=16), "4 channels in a latent, not 16"),
        (replace(TINY_VAE, channels=(32, 32, 32)), "8 pixels to a latent cell, not 4"),
    ],
)
def test_other_latents(tmp_path: Path, own: VaeConfig, words: str) -> None:
    """One that is made for other latents than the checkpoint's is refused."""
    with pytest.raises(ModelError, match=words):
        load(write_vae_alone(tmp_path / "a.safetensors"), own)


def test_missing_tensors(tmp_path: Path) -> None:
    """An incomplete file is refused whole, and says what it lacks."""
    tensors = {k: v for k, v in alone().items() if not k.startswith("post_quant_conv")}
    path = save_tensors(tensors, tmp_path / "a.safetensors")
    with pytest.raises(ModelError, match=r"VAE a\.safetensors: 2 of \d+ .*post_quant_conv"):
        load(path)


def test_wrong_shapes(tmp_path: Path) -> None:
    """A tensor of another shape than its neighbours demand is refused."""
    tensors = alone() | {"decoder.conv_out.bias": torch.zeros(7)}
    with pytest.raises(ModelError, match=r"decoder\.conv_out\.bias is \(7,\) instead of \(3,\)"):
        load(save_tensors(tensors, tmp_path / "a.safetensors"))


def test_foreign_files(tmp_path: Path) -> None:
    """What is no autoencoder is called what it looks like; what cannot be read, how so."""
    with pytest.raises(ModelError, match=r"VAE a\.safetensors: .* looks like a LoRA"):
        load(write_lora(tmp_path / "a.safetensors"))
    with pytest.raises(ModelError, match="no autoencoder"):
        load(write_random_tensors(tmp_path / "b.safetensors"))
    with pytest.raises(ModelError, match=r"VAE c\.safetensors: .*torn"):
        load(write_torn_checkpoint(tmp_path / "c.safetensors"))
    with pytest.raises(ModelError, match=r"VAE lost\.pt"):
        load(tmp_path / "lost.pt")
