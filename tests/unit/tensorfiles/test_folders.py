"""Diffusers folders, as far as they go wrong; those that go well are compared in parity."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from tests.fakes.checkpoints import save_tensors

from tintype.errors import ModelError
from tintype.networks.reading import read_tensor
from tintype.tensorfiles import open_table

UNET = "unet/diffusion_pytorch_model"
CONV = "model.diffusion_model.input_blocks.0.0.weight"
LISTED = ["diffusers", "SomeClass"]
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "unet": LISTED,
    "vae": LISTED,
    "text_encoder": LISTED,
    "safety_checker": [None, None],
}


def pipeline(folder: Path) -> Path:
    """The smallest folder that can be read."""
    tensors = {
        UNET: {"conv_in.weight": torch.ones(2, 4, 3, 3)},
        "vae/diffusion_pytorch_model": {"decoder.conv_in.weight": torch.ones(2, 4, 3, 3)},
        "text_encoder/model": {"text_model.final_layer_norm.bias": torch.ones(2)},
    }
    for name, own in tensors.items():
        (folder / name).parent.mkdir(parents=True)
        save_tensors(own, folder / f"{name}.safetensors")
    write(folder, "model_index.json", INDEX)
    write(folder, "text_encoder/config.json", {"hidden_act": "quick_gelu"})
    return folder


def write(folder: Path, name: str, content: object) -> None:
    (folder / name).write_text(json.dumps(content))


def complaint(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        open_table(folder)
    return str(caught.value)


def filled_with(folder: Path, names: Mapping[str, float]) -> float:
    """Which of several files of a U-Net is read, told by what it is filled with."""
    for path in (folder / "unet").glob("*.safetensors"):
        path.unlink()
    for name, number in names.items():
        tensors = {"conv_in.weight": torch.full((2, 4, 3, 3), number)}
        if name.endswith(".bin"):
            torch.save(tensors, folder / "unet" / name)
        else:
            save_tensors(tensors, folder / "unet" / name)
    return read_tensor(open_table(folder).tensors[CONV])[0, 0, 0, 0].item()


def test_names_and_kinds(tmp_path: Path) -> None:
    """Parts stand in the table under the names they have in single files."""
    table = open_table(pipeline(tmp_path))
    assert set(table.tensors) == {
        CONV,
        "first_stage_model.decoder.conv_in.weight",
        "cond_stage_model.transformer.text_model.final_layer_norm.bias",
    }
    assert table.metadata["diffusers.text_encoder.hidden_act"] == "quick_gelu"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([".safetensors", ".fp16.safetensors", ".bin"], ".safetensors"),
        ([".fp16.safetensors", ".bf16.safetensors", ".non_ema.safetensors"], ".fp16.safetensors"),
        ([".non_ema.safetensors", ".odd.safetensors"], ".odd.safetensors"),
        ([".non_ema.safetensors", ".bin"], ".non_ema.safetensors"),
        ([".fp16.bin"], ".fp16.bin"),
    ],
)
def test_which_file_is_taken(tmp_path: Path, names: list[str], chosen: str) -> None:
    """Plain before variants, half precision before others, safetensors before pickles."""
    numbers = {f"diffusion_pytorch_model{name}": i + 1.0 for i, name in enumerate(names)}
    expected = numbers[f"diffusion_pytorch_model{chosen}"]
    assert filled_with(pipeline(tmp_path), numbers) == expected


def test_other_folders(tmp_path: Path) -> None:
    """A folder of anything else is no model; a pipeline of another kind is called by its name."""
    assert "no model_index.json" in complaint(tmp_path)
    write(tmp_path, "model_index.json", {"_class_name": "FluxPipeline", "transformer": LISTED})
    words = complaint(tmp_path)
    assert "FluxPipeline" in words
    assert "transformer" in words


def test_missing_weights(tmp_path: Path) -> None:
    """A part that is listed and not there is named, with the file that was expected."""
    (pipeline(tmp_path) / f"{UNET}.safetensors").unlink()
    assert "unet holds no weights" in (words := complaint(tmp_path))
    assert "diffusion_pytorch_model.safetensors" in words


def test_torn_parts(tmp_path: Path) -> None:
    """A torn file is named within its folder."""
    path = pipeline(tmp_path) / f"{UNET}.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert "unet/" in (words := complaint(tmp_path))
    assert "torn" in words


@pytest.mark.parametrize(
    "name",
    [
        "../../secret.safetensors",
        "/etc/secret.safetensors",
        "..",
        "a/b.safetensors",
        "a\\b.safetensors",
        "",
        "x.json",
        "a\n.safetensors",
        7,
    ],
)
def test_indexes_that_point_elsewhere(tmp_path: Path, name: object) -> None:
    """Shards are files beside their index; no other path is followed."""
    folder = pipeline(tmp_path / "model")
    save_tensors({"conv_in.weight": torch.ones(1)}, tmp_path / "secret.safetensors")
    (folder / f"{UNET}.safetensors").unlink()
    write(folder, f"{UNET}.safetensors.index.json", {"weight_map": {"conv_in.weight": name}})
    assert "no file beside it" in complaint(folder)


def test_loops(tmp_path: Path) -> None:
    """Links that lead to themselves are no files."""
    path = pipeline(tmp_path) / f"{UNET}.safetensors"
    path.unlink()
    path.symlink_to(path)
    assert "no such file" in complaint(tmp_path)


def test_links_into_a_cache(tmp_path: Path) -> None:
    """The hub's own cache links each file to where it really is."""
    path = pipeline(tmp_path / "model") / f"{UNET}.safetensors"
    path.symlink_to(path.rename(tmp_path / "blob"))
    assert CONV in open_table(tmp_path / "model").tensors


def test_shards_that_lack_tensors(tmp_path: Path) -> None:
    """An index that promises what its files do not hold is found out."""
    folder = pipeline(tmp_path)
    (folder / f"{UNET}.safetensors").rename(folder / "unet/a.safetensors")
    index = {"weight_map": {"conv_in.weight": "a.safetensors", "x": "a.safetensors"}}
    write(folder, f"{UNET}.safetensors.index.json", index)
    assert "lacks 'x'" in complaint(folder)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", b"[" * 10**6, b"{", b" " * (9 * 2**20)], ids=len
)
@pytest.mark.parametrize("name", ["model_index.json", "unet/config.json"])
def test_spoilt_configurations(tmp_path: Path, name: str, content: bytes) -> None:
    """Configurations that cannot be read are named."""
    (pipeline(tmp_path) / name).write_bytes(content)
    assert name in complaint(tmp_path)
