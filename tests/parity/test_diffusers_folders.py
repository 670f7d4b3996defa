"""Diffusers folders, written by diffusers itself and turned back by its own conversion.

What we read of a folder is given to diffusers' converter of single files, which must make of it
every tensor of the networks that were saved.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers.loaders import single_file_utils
from tests.fakes.pipelines import write_pipeline
from tests.parity.oracles import difference
from torch import Tensor, nn

from tintype.core.families import (
    CLIP_PREFIXES,
    OPEN_CLIP_PREFIXES,
    UNET_PREFIX,
    VAE_PREFIX,
    Family,
    family_of,
)
from tintype.networks import load_checkpoint
from tintype.networks.reading import read_tensor
from tintype.tensorfiles import TensorTable, open_table

FAMILIES: tuple[Family, ...] = ("sd1", "sd2", "sdxl", "sdxl_refiner")

_convert: Any = single_file_utils


def read(table: TensorTable, prefix: str) -> dict[str, Tensor]:
    return {k: read_tensor(t) for k, t in table.tensors.items() if k.startswith(prefix)}


def assert_same(converted: Mapping[str, Tensor], saved: nn.Module) -> None:
    expected = saved.state_dict()
    assert set(expected) <= set(converted)
    for name, tensor in expected.items():
        assert torch.equal(converted[name].reshape(tensor.shape), tensor), name


def assert_same_text(converted: Mapping[str, Tensor], saved: nn.Module) -> None:
    """transformers 5 says `text_model.` only where there is a projection; the converter always."""
    own = {name.removeprefix("text_model."): t for name, t in converted.items()}
    expected = {name.removeprefix("text_model."): t for name, t in saved.state_dict().items()}
    assert set(expected) <= set(own)
    for name, tensor in expected.items():
        assert torch.equal(own[name], tensor), name


def assert_folder_is(table: TensorTable, networks: Mapping[str, Any], family: Family) -> None:
    assert family_of(table.shapes) == family
    unet, vae = networks["unet"], networks["vae"]
    ldm = read(table, UNET_PREFIX)
    assert_same(_convert.convert_ldm_unet_checkpoint(ldm, dict(unet.config)), unet)
    ldm = read(table, VAE_PREFIX)
    assert_same(_convert.convert_ldm_vae_checkpoint(ldm, dict(vae.config)), vae)
    if prefix := CLIP_PREFIXES.get(family):
        own = {k.removeprefix(prefix): t for k, t in read(table, prefix).items()}
        assert_same_text(own, networks["text_encoder"])
    if prefix := OPEN_CLIP_PREFIXES.get(family):
        model = networks.get("text_encoder_2") or networks["text_encoder"]
        tensors = read(table, prefix)
        assert_same_text(_convert.convert_open_clip_checkpoint(model, tensors, prefix), model)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family(tmp_path: Path, family: Family) -> None:
    """A folder holds what diffusers makes of it, name by name and bit by bit."""
    networks = write_pipeline(tmp_path, family)
    assert_folder_is(open_table(tmp_path), networks, family)


@pytest.mark.parametrize("channels", [8, 9])
def test_inpainting_and_edit(tmp_path: Path, channels: int) -> None:
    """Networks that see a picture beside the latent are told by their first convolution."""
    networks = write_pipeline(tmp_path, "sd1", channels)
    table = open_table(tmp_path)
    assert table.shapes[f"{UNET_PREFIX}input_blocks.0.0.weight"] == (32, channels, 3, 3)
    assert_folder_is(table, networks, "sd1")


@pytest.mark.parametrize(
    "saving",
    [
        {"variant": "fp16"},
        {"max_shard_size": "400KB"},
        {"max_shard_size": "400KB", "variant": "fp16"},
        {"safe_serialization": False},
        {"safe_serialization": False, "max_shard_size": "400KB"},
    ],
    ids=str,
)
def test_every_way_of_saving(tmp_path: Path, saving: Mapping[str, Any]) -> None:
    """Variants, shards and pickles of the same networks read alike."""
    networks = write_pipeline(tmp_path, "sdxl", **saving)
    assert_folder_is(open_table(tmp_path), networks, "sdxl")


def test_settings(tmp_path: Path) -> None:
    """What the configurations say is in the metadata."""
    write_pipeline(tmp_path, "sd2")
    metadata = open_table(tmp_path).metadata
    assert metadata["diffusers.prediction_type"] == "v_prediction"
    assert metadata["diffusers.rescale_betas_zero_snr"] is True
    assert metadata["diffusers.unet.attention_head_dim"] == [1, 2, 2]
    assert metadata["diffusers.class"] == "StableDiffusionPipeline"


def test_the_layer_that_sd2_leaves_out(tmp_path: Path) -> None:
    """SD 2's single files have one layer more than diffusers keeps; something stands for it."""
    write_pipeline(tmp_path, "sd2")
    layers = f"{OPEN_CLIP_PREFIXES['sd2']}transformer.resblocks."
    tensors = open_table(tmp_path).tensors
    assert tensors[f"{layers}3.ln_1.weight"] == tensors[f"{layers}2.ln_1.weight"]
    assert not any(name.startswith(f"{layers}4.") for name in tensors)


def test_an_autoencoder_alone(tmp_path: Path) -> None:
    """An autoencoder's file from diffusers reads as one in the layout of single files."""
    vae = write_pipeline(tmp_path, "sd1")["vae"]
    table = open_table(tmp_path / "vae" / "diffusion_pytorch_model.safetensors")
    ldm = {f"{VAE_PREFIX}{name}": tensor for name, tensor in read(table, "").items()}
    config: Any = vae.config
    assert_same(_convert.convert_ldm_vae_checkpoint(ldm, dict(config)), vae)


@torch.inference_mode()
@pytest.mark.parametrize("family", ["sd1", "sd2"])
def test_encoded_texts(tmp_path: Path, family: Family) -> None:
    """Loaded from its folder, a text encoder answers as transformers' does, to its last layer."""
    theirs: Any = write_pipeline(tmp_path, family)["text_encoder"]
    ours = load_checkpoint(tmp_path, None, torch.device("cpu"), torch.float32)
    padding = 49407 if family == "sd1" else 0
    tokens = torch.tensor([[49406, 320, 1125, 539, 49407, *[padding] * 72]])
    context, _ = ours.encode_text(tokens, 1)
    expected = theirs(tokens).last_hidden_state
    assert difference(context, expected) < 1e-5


@torch.inference_mode()
@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_loaded_as_the_single_file(tmp_path: Path, family: Family) -> None:
    """A folder, and a torch file of its tensors under their single-file names, load alike."""
    write_pipeline(tmp_path / "folder", family)
    tensors = {k: read_tensor(t) for k, t in open_table(tmp_path / "folder").tensors.items()}
    torch.save({"state_dict": tensors}, tmp_path / "a.ckpt")
    cpu = torch.device("cpu")
    folder = load_checkpoint(tmp_path / "folder", None, cpu, torch.float32)
    file = load_checkpoint(tmp_path / "a.ckpt", None, cpu, torch.float32)
    ours, theirs = folder.unet.state_dict(), file.unet.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
