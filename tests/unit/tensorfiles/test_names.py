"""Names in files of all ages."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from tests.fakes.checkpoints import save_tensors, tiny_tensors, write_old_checkpoint
from tests.parity.oracles import UNETS, names_of_unet, names_of_vae, oracle_unet, oracle_vae

from tintype.tensorfiles import TensorTable, open_table
from tintype.tensorfiles.diffusers_names import unet_names, vae_names

UNET = "model.diffusion_model."


def averaged(names: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """As a trainer's averages are named: without their dots."""
    return {
        f"model_ema.{name.removeprefix('model.').replace('.', '')}"
        if name.startswith(UNET)
        else name: tensor
        for name, tensor in names.items()
    }


def shapes(table: TensorTable) -> Mapping[str, tuple[int, ...]]:
    return {name: shape for name, shape in table.shapes.items() if name.startswith(UNET)}


def test_old_names(tmp_path: Path) -> None:
    """Files without `text_model.` in their names read as if they had it."""
    table = open_table(write_old_checkpoint(tmp_path / "old.safetensors"))
    name = "cond_stage_model.transformer.text_model.final_layer_norm.bias"
    assert table.shapes[name] == (32,)


def test_turbo_names(tmp_path: Path) -> None:
    """SD 2 Turbo keeps its text encoder where SDXL does; it reads as SD 2.x."""
    path = tmp_path / "turbo.safetensors"
    save_tensors({"conditioner.embedders.0.model.ln_final.weight": torch.ones(1024)}, path)
    assert open_table(path).shapes == {"cond_stage_model.model.ln_final.weight": (1024,)}


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_averages_alone(tmp_path: Path, family: str) -> None:
    """A file with nothing but averaged weights of its U-Net reads as if they were its own."""
    tensors = tiny_tensors(family="sdxl" if family == "sdxl" else "sd1")
    torch.save({"state_dict": averaged(tensors)}, tmp_path / "ema.ckpt")
    own = open_table(save_tensors(tensors, tmp_path / "own.safetensors"))
    assert shapes(open_table(tmp_path / "ema.ckpt")) == shapes(own)


@pytest.mark.parametrize("name", ["SD 1.5", "SDXL"])
def test_averages_of_real_networks(tmp_path: Path, name: str) -> None:
    """Block numbers of two digits are told apart in names without dots."""
    names = [UNET + ldm for ldm in names_of_unet(oracle_unet(name))]
    empty = {name: torch.zeros(0) for name in names}
    path = save_tensors(averaged(empty), tmp_path / "ema.safetensors")
    assert set(open_table(path).tensors) == set(names)


def test_own_weights_before_averages(tmp_path: Path) -> None:
    """Where a file has both, its own weights are taken, and the averages left alone."""
    own, mean = {f"{UNET}out.2.bias": torch.ones(4)}, torch.zeros(4)
    path = tmp_path / "both.safetensors"
    save_tensors({**own, "model_ema.diffusion_modelout2bias": mean}, path)
    table = open_table(path)
    assert set(shapes(table)) == set(own)
    begin = table.tensors[f"{UNET}out.2.bias"].slices[0].offset
    assert path.read_bytes()[begin : begin + 4] == b"\0\0\x80\x3f"


@pytest.mark.parametrize("name", UNETS)
def test_unets_of_diffusers(name: str) -> None:
    """Every U-Net's names are those of the independent table."""
    oracle = names_of_unet(oracle_unet(name))
    rename = unet_names(oracle.values())
    assert {rename(theirs): theirs for theirs in oracle.values()} == oracle


@pytest.mark.parametrize("name", ["tiny", "SD"])
def test_autoencoders_of_diffusers(name: str) -> None:
    """Every autoencoder's names are those of the independent table."""
    oracle = names_of_vae(oracle_vae(name))
    rename = vae_names(oracle.values())
    assert {rename(theirs): theirs for theirs in oracle.values()} == oracle


def test_attention_before_diffusers_0_15() -> None:
    """Old autoencoders call the parts of their attention by other names."""
    rename = vae_names(["encoder.down_blocks.0.resnets.0.conv1.weight"])
    assert rename("encoder.mid_block.attentions.0.query.weight") == "encoder.mid.attn_1.q.weight"
    old = "decoder.mid_block.attentions.0.proj_attn.bias"
    assert rename(old) == "decoder.mid.attn_1.proj_out.bias"
