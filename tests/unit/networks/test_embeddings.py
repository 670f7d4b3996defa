"""Textual inversion files."""

import json
from base64 import b64encode
from pathlib import Path
from typing import cast

import pytest
import torch
from PIL import Image, PngImagePlugin
from tests.fakes.adapters import noise
from tests.fakes.checkpoints import save_tensors, write_tiny_checkpoint
from torch import Tensor, nn

from tintype.errors import ModelError
from tintype.networks import PlacedEmbedding, load_checkpoint, read_embedding

VECTORS = noise(3, 32)
LONG = 8


def torch_file(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def sole_table(path: Path) -> Tensor:
    (table,) = read_embedding(path).tables.values()
    return table


def test_files_of_one_tensor(tmp_path: Path) -> None:
    """A single tensor under any name is the embedding, one vector may lie flat."""
    for name, tensor in (("a", VECTORS), ("b", VECTORS[0])):
        saved = save_tensors({"whatever": tensor}, tmp_path / f"{name}.safetensors")
        assert torch.equal(sole_table(saved), tensor.reshape(-1, 32))
        saved = torch_file(tmp_path / f"{name}.bin", {"<word>": tensor})
        assert torch.equal(sole_table(saved), tensor.reshape(-1, 32))


def test_a1111_files(tmp_path: Path) -> None:
    """A1111 keeps the vectors among notes on their making."""
    content = {"string_to_param": {"*": nn.Parameter(VECTORS)}, "name": "a", "step": 500}
    assert torch.equal(sole_table(torch_file(tmp_path / "a.pt", content)), VECTORS)


def test_first_textual_inversions(tmp_path: Path) -> None:
    """The first files of all keep them in a module of parameters."""
    params = nn.ParameterDict({"*": nn.Parameter(VECTORS)})
    path = torch_file(tmp_path / "a.pt", {"string_to_param": params})
    assert torch.equal(sole_table(path), VECTORS)


def test_kohya_files(tmp_path: Path) -> None:
    """kohya's trainer calls the vectors by a name of its own."""
    assert torch.equal(
        sole_table(save_tensors({"emb_params": VECTORS}, tmp_path / "a.safetensors")), VECTORS
    )


def test_files_before_torch_1_6(tmp_path: Path) -> None:
    """The oldest files are no archives."""
    content = {"string_to_param": {"*": VECTORS}, "string_to_token": {"*": torch.tensor(265)}}
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=False)
    assert torch.equal(sole_table(tmp_path / "a.pt"), VECTORS)


def test_pictures(tmp_path: Path) -> None:
    """A picture's text holds the vectors, and the word that calls them up."""
    rows = cast("list[list[float]]", VECTORS.tolist())
    content = {"name": "mine", "string_to_param": {"*": {"a": rows}}}
    info = PngImagePlugin.PngInfo()
    info.add_text("sd-ti-embedding", b64encode(json.dumps(content).encode()).decode())
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", pnginfo=info)
    assert torch.equal(sole_table(tmp_path / "a.png"), VECTORS)
    assert read_embedding(tmp_path / "a.png").name == "mine"


def test_files_for_sdxl(tmp_path: Path) -> None:
    """SDXL's have a table for each encoder, found by name."""
    tables = {"clip_l": noise(2, 768), "clip_g": noise(2, 1280, seed=2)}
    embedding = read_embedding(save_tensors(tables, tmp_path / "a.safetensors"))
    assert torch.equal(embedding.vectors("clip_g", 1280), tables["clip_g"])
    assert torch.equal(embedding.vectors("clip_l", 768), tables["clip_l"])


@pytest.mark.parametrize(
    "tensors",
    [
        {"a": noise(2, 4), "b": noise(2, 4)},
        {"a": noise(2, 4, 4)},
        {"a": torch.zeros(0, 4)},
        {},
    ],
)
def test_files_of_something_else(tmp_path: Path, tensors: dict[str, Tensor]) -> None:
    """Several tensors, pictures or nothing are no embedding."""
    with pytest.raises(ModelError, match=r"a\.safetensors: This is no textual inversion"):
        read_embedding(save_tensors(tensors, tmp_path / "a.safetensors"))


def test_an_embedding_for_another_checkpoint(tmp_path: Path) -> None:
    """Vectors of another width are refused with both widths."""
    embedding = read_embedding(save_tensors({"a": VECTORS}, tmp_path / "mine.safetensors"))
    with pytest.raises(ModelError, match=r"mine has vectors of 32 channels .* has 768"):
        embedding.vectors("clip_l", 768)


@torch.inference_mode()
def test_only_its_row_changes(tmp_path: Path) -> None:
    """An embedding changes the chunk it stands in, from its place on, and no other."""
    path = write_tiny_checkpoint(tmp_path / "tiny.safetensors")
    network = load_checkpoint(path, None, torch.device("cpu"), torch.float32)
    embedding = read_embedding(save_tensors({"a": VECTORS}, tmp_path / "mine.safetensors"))
    tokens = torch.tensor([[49406, *[0] * LONG, *[49407] * (76 - LONG)]] * 2)
    plain, _ = network.encode_text(tokens, 1)
    own, _ = network.encode_text(tokens, 1, [PlacedEmbedding(1, 3, embedding)])
    assert torch.equal(own[0], plain[0])
    assert torch.equal(own[1, :3], plain[1, :3])
    assert (own[1, 3:] - plain[1, 3:]).abs().amax(dim=-1).min() > 0
