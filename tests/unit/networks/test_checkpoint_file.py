"""Opening checkpoint files, good and bad."""

from pathlib import Path
from struct import pack

import pytest
import torch
from tests.fakes.checkpoints import (
    save_tensors,
    write_old_checkpoint,
    write_tiny_checkpoint,
    write_torn_checkpoint,
)

from tintype.errors import ModelError
from tintype.networks import open_checkpoint


def complaint(path: Path) -> str:
    with pytest.raises(ModelError) as caught, open_checkpoint(path):
        pass
    return str(caught.value)


def test_names_shapes_and_metadata(tmp_path: Path) -> None:
    """An open checkpoint knows its tensors' names and shapes and the header's text."""
    path = write_tiny_checkpoint(tmp_path / "a.safetensors", metadata={"title": "A"})
    with open_checkpoint(path) as file:
        assert file.shapes["model.diffusion_model.input_blocks.0.0.weight"] == (32, 4, 3, 3)
        assert file.metadata["title"] == "A"


def test_tensors_outlive_the_file(tmp_path: Path) -> None:
    """A tensor stays valid after the file is closed, and after it is replaced by another."""
    path = write_tiny_checkpoint(tmp_path / "a.safetensors", seed=1)
    with open_checkpoint(path) as file:
        name = next(iter(file.shapes))
        tensor = file.tensor(name)
    before = tensor.clone()
    write_tiny_checkpoint(tmp_path / "b.safetensors", seed=2).replace(path)
    assert torch.equal(tensor, before)


def test_old_names_are_translated(tmp_path: Path) -> None:
    """Files without `text_model.` in their names read as if they had it."""
    with open_checkpoint(write_old_checkpoint(tmp_path / "old.safetensors")) as file:
        name = "cond_stage_model.transformer.text_model.final_layer_norm.bias"
        assert file.shapes[name] == (32,)
        assert file.tensor(name).shape == (32,)


def test_turbo_names_are_translated(tmp_path: Path) -> None:
    """SD 2 Turbo keeps its text encoder where SDXL does; it reads as SD 2.x."""
    path = tmp_path / "turbo.safetensors"
    save_tensors({"conditioner.embedders.0.model.ln_final.weight": torch.ones(1024)}, path)
    with open_checkpoint(path) as file:
        assert file.shapes == {"cond_stage_model.model.ln_final.weight": (1024,)}


def test_missing_file(tmp_path: Path) -> None:
    """A path without a file is said to be just that."""
    assert "no such" in complaint(tmp_path / "none.safetensors")


def test_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    """A folder is no checkpoint, whatever its name."""
    (tmp_path / "folder.safetensors").mkdir()
    assert "no such" in complaint(tmp_path / "folder.safetensors")


@pytest.mark.parametrize("keep", [0.5, 0.999])
def test_torn_tensors(tmp_path: Path, keep: float) -> None:
    """A file that lost its end says how much is there and how much should be."""
    assert "torn" in (words := complaint(write_torn_checkpoint(tmp_path / "a.safetensors", keep)))
    assert "bytes are there" in words


@pytest.mark.parametrize("keep", [0.0, 1e-6, 1e-3])
def test_torn_header(tmp_path: Path, keep: float) -> None:
    """A file that ends within its header is torn too."""
    words = complaint(write_torn_checkpoint(tmp_path / "a.safetensors", keep))
    assert "ends within its header" in words


@pytest.mark.parametrize("name", ["old.ckpt", "old.pt", "renamed.safetensors"])
def test_pickle(tmp_path: Path, name: str) -> None:
    """A pickle is refused by its name or its first bytes, without being read."""
    torch.save({"state_dict": {}}, tmp_path / name)
    assert "Convert it to .safetensors" in complaint(tmp_path / name)


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><html><body>Please log in</body></html>",
        b"version https://git-lfs.github.com/spec/v1\n",
        bytes(100),
        pack("<Q", 2**63) + b"x" * 100,
    ],
)
def test_something_else(tmp_path: Path, content: bytes) -> None:
    """Web pages, pointers and zeros in the place of a file are said to be no safetensors."""
    path = tmp_path / "page.safetensors"
    path.write_bytes(content)
    assert "not a safetensors file" in complaint(path)


@pytest.mark.parametrize(
    "header",
    [
        b"{}}",
        b'{"a": 1}',
        b'{"a": {"data_offsets": []}}',
        b"{" * 20_000,
        b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 4]}}',
    ],
)
def test_hostile_header(tmp_path: Path, header: bytes) -> None:
    """A header that is no sense ends in words, not in a crash."""
    path = tmp_path / "bad.safetensors"
    path.write_bytes(pack("<Q", len(header)) + header + bytes(4))
    assert "not valid" in complaint(path)
