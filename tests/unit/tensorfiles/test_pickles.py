"""Torch's files, read without torch."""

import zipfile
from argparse import Namespace
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.fakes.pickles import (
    mapping,
    storage,
    tensor,
    whole,
    write_torch_file,
)
from torch import Tensor, nn

from tintype.errors import ModelError
from tintype.networks.reading import read_tensor
from tintype.tensorfiles import content, open_table

SIXTEEN_BYTES = bytes(range(16))


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def state_dict() -> "OrderedDict[str, Tensor]":
    shared = noise(10, 6)
    return OrderedDict(
        plain=noise(3, 4),
        transposed=noise(5, 7).t(),
        some_rows=shared[2:5],
        some_columns=shared[:, 1:3],
        one_row=shared[3],
        every_second=shared[::2],
        parameter=nn.Parameter(noise(2, 2).half()),
        number=torch.tensor(3.0),
        bfloat16=noise(4).bfloat16(),
        long=torch.arange(5),
        flags=torch.tensor([True, False]),
        channels_last=noise(2, 3, 4, 4).to(memory_format=torch.channels_last),
        empty=torch.zeros(0, 3),
        convolution_transposed=noise(6, 4, 1, 1).transpose(0, 1),
    )


def complaint(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        open_table(path)
    return str(caught.value)


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("suffix", [".ckpt", ".pt", ".pth", ".bin"])
def test_every_tensor(tmp_path: Path, suffix: str, *, is_zip: bool) -> None:
    """Tensors of either format are what torch saved, views and types of all kinds among them."""
    path, saved = tmp_path / f"a{suffix}", state_dict()
    torch.save({"state_dict": saved}, path, _use_new_zipfile_serialization=is_zip)
    table = open_table(path)
    assert set(table.tensors) == set(saved)
    for name, expected in saved.items():
        read = read_tensor(table.tensors[name])
        assert read.dtype == expected.dtype, name
        assert torch.equal(read, expected.detach()), name


def test_float8(tmp_path: Path) -> None:
    """Types of eight bits, which torch stores as bytes, keep their type."""
    saved = noise(8, 8).to(torch.float8_e4m3fn)
    torch.save({"a": saved}, tmp_path / "a.ckpt")
    read = read_tensor(open_table(tmp_path / "a.ckpt").tensors["a"])
    assert torch.equal(read.view(torch.uint8), saved.view(torch.uint8))


def test_a_transposed_matrix_is_one_piece(tmp_path: Path) -> None:
    """A matrix that lies column by column is said to do so, and is not cut up."""
    torch.save({"a": noise(500, 70).t()}, tmp_path / "a.pt")
    stored = open_table(tmp_path / "a.pt").tensors["a"]
    assert (stored.is_transposed, len(stored.slices)) == (True, 1)


def test_plain_values_are_metadata(tmp_path: Path) -> None:
    """What a checkpoint says beside its tensors is kept, as far as it is plain."""
    torch.save({"state_dict": {"a": noise(1)}, "epoch": 3, "parts": [1]}, tmp_path / "a.ckpt")
    assert open_table(tmp_path / "a.ckpt").metadata == {"epoch": 3}


def test_leftovers_of_training(tmp_path: Path) -> None:
    """What trainers leave in their checkpoints is in nobody's way."""
    leftovers = {
        nn.Linear: {"best": np.float64(0.5), "where": Path("x"), "seen": {1, 2}},
        "array": np.arange(3),
        "dtype": torch.float16,
        "size": torch.Size([1, 2]),
        "device": torch.device("cpu"),
        "options": Namespace(rate=1e-4),
        "when": datetime(2022, 8, 22, tzinfo=UTC),
        "layer": nn.Linear(2, 2),
        "loss": 0.25,
    }
    held = {"callbacks": leftovers, "state_dict": {"a": noise(1)}, **leftovers}
    torch.save(held, tmp_path / "a.ckpt")
    table = open_table(tmp_path / "a.ckpt")
    assert set(table.tensors) == {"a"}
    assert table.metadata == {"loss": 0.25}
    found: Any = content(tmp_path / "a.ckpt")
    assert found["callbacks"]["size"] == (1, 2)


def test_files_without_state_dict(tmp_path: Path) -> None:
    """Tensors may also lie at the top."""
    torch.save({"a": noise(1)}, tmp_path / "a.pt")
    assert set(open_table(tmp_path / "a.pt").tensors) == {"a"}


def test_content_is_a_tree(tmp_path: Path) -> None:
    """All of a file can be had, as it is nested, numbers as names included."""
    module = nn.ParameterDict({"*": nn.Parameter(noise(2))})
    held = {320: ({"w": noise(2)}, [1, "two"]), "string_to_param": module, "name": "a"}
    torch.save(held, tmp_path / "a.pt")
    found: Any = content(tmp_path / "a.pt")
    assert found["name"] == "a"
    assert found["320"][1] == (1, "two")
    assert torch.equal(read_tensor(found["320"][0]["w"]), noise(2))
    assert torch.equal(read_tensor(found["string_to_param"]["*"]), noise(2))


def test_scattered_tensors_are_refused(tmp_path: Path) -> None:
    """A tensor in thousands of pieces is refused with the way out."""
    scattered = noise(64, 64, 8, 8).to(memory_format=torch.channels_last)
    torch.save({"a": scattered}, tmp_path / "a.pt")
    assert "contiguous()" in complaint(tmp_path / "a.pt")


@pytest.mark.parametrize("keep", [0.001, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_torn_files(tmp_path: Path, keep: float, *, is_zip: bool) -> None:
    """A file that lost its end is said to be torn."""
    path = tmp_path / "a.ckpt"
    torch.save({"a": noise(50, 50)}, path, _use_new_zipfile_serialization=is_zip)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    assert "torn" in complaint(path)


def test_compressed_archives(tmp_path: Path) -> None:
    """Archives that somebody packed again are refused as what they are."""
    pushed = mapping(a=tensor(storage(), (4,), (1,)))
    packed = {"0": bytes(16)}
    path = write_torch_file(tmp_path / "a.pt", pushed, packed, compression=zipfile.ZIP_DEFLATED)
    assert "compressed" in complaint(path)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html>", "not a file of torch's"),
        (b"PK\x03\x04" + bytes(100), "torn"),
        (b"\x80\x04\x95" + bytes(100), "instruction (0x00)"),
        (b"\x80\x04}.", "none of torch's"),
        (b"\x08" + bytes(7) + b'{"a":1}', "safetensors file under the name"),
        (bytes(257) + b"ustar", "tar file"),
    ],
)
def test_something_else(tmp_path: Path, start: bytes, words: str) -> None:
    """What is no torch file is called what it is."""
    (tmp_path / "a.ckpt").write_bytes(start)
    assert words in complaint(tmp_path / "a.ckpt")


def test_other_zip_files(tmp_path: Path) -> None:
    """A zip file of something else is no torch file, nor is a program."""
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a.txt", "hello")
    assert "no data.pkl" in complaint(tmp_path / "a.pt")
    with zipfile.ZipFile(tmp_path / "b.pt", "w") as archive:
        archive.writestr("b/data.pkl", b"\x80\x02}.")
        archive.writestr("b/constants.pkl", b"\x80\x02).")
    assert "TorchScript" in complaint(tmp_path / "b.pt")


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "words"),
    [
        ((5,), (1,), 0, "beyond the end"),
        ((4,), (1,), 1, "beyond the end"),
        ((2, 2), (3, 1), 0, "beyond the end"),
        ((2**30, 2**30), (1, 1), 0, "beyond the end"),
        ((4, 4), (0, 1), 0, "beyond the end"),
        ((4,), (1, 1), 0, "contradict"),
        ((-4,), (1,), 0, "number of numbers"),
        ((4,), (1,), -1, "number of numbers"),
    ],
)
def test_tensors_that_do_not_fit(
    tmp_path: Path, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, words: str
) -> None:
    """A tensor may not reach out of its storage, however it is described."""
    pushed = mapping(a=tensor(storage(), shape, strides, offset))
    path = write_torch_file(tmp_path / "a.pt", pushed, {"0": SIXTEEN_BYTES})
    assert words in complaint(path)


def test_storages_shorter_than_they_say(tmp_path: Path) -> None:
    """What the pickle says of a storage does not make it longer than its entry."""
    pushed = mapping(a=tensor(storage(count=1000), (1000,), (1,)))
    path = write_torch_file(tmp_path / "a.pt", pushed, {"0": SIXTEEN_BYTES})
    assert "beyond the end" in complaint(path)


def test_missing_storages(tmp_path: Path) -> None:
    """An archive that lacks an entry is incomplete, and says which."""
    path = write_torch_file(tmp_path / "a.pt", mapping(a=tensor(storage("7"), (4,), (1,))))
    assert "archive/data/7" in complaint(path)


def test_a_file_of_no_mapping(tmp_path: Path) -> None:
    """A single number is no model."""
    assert "no tensors by name" in complaint(write_torch_file(tmp_path / "a.pt", whole(7)))
