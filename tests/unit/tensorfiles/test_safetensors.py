"""Safetensors files, good and bad."""

import json
import tracemalloc
from pathlib import Path
from random import Random
from struct import pack

import pytest
import torch
from tests.fakes.checkpoints import save_tensors, write_tiny_checkpoint, write_torn_checkpoint

from tintype.errors import ModelError
from tintype.networks.reading import read_tensor
from tintype.tensorfiles import open_table, safetensors_metadata

MUTATIONS = 1000
TENSORS = {
    "a": torch.arange(6.0).reshape(2, 3),
    "b": torch.ones(3).half(),
    "c": torch.tensor(7),
    "d": torch.ones(2, 2).to(torch.float8_e5m2),
    "e": torch.zeros(0, 4).bfloat16(),
    "f": torch.tensor([True, False]),
}


def complaint(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        open_table(path)
    return str(caught.value)


def with_header(path: Path, header: bytes, numbers: int = 4) -> Path:
    path.write_bytes(pack("<Q", len(header)) + header + bytes(numbers))
    return path


def entry(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def test_every_tensor(tmp_path: Path) -> None:
    """Tensors are what the library of the format saved, and so is the text."""
    path = save_tensors(TENSORS, tmp_path / "a.safetensors", {"title": "A"})
    table = open_table(path)
    assert set(table.tensors) == set(TENSORS)
    for name, tensor in TENSORS.items():
        read = read_tensor(table.tensors[name])
        assert (read.dtype, read.shape) == (tensor.dtype, tensor.shape)
        assert read.tolist() == tensor.tolist()
    assert table.metadata == safetensors_metadata(path) == {"title": "A"}


def test_missing_files(tmp_path: Path) -> None:
    """A path without a file is said to be just that, and so are a loop of links and a pipe."""
    (tmp_path / "loop.safetensors").symlink_to(tmp_path / "loop.safetensors")
    for name in ("none.safetensors", "loop.safetensors", "none.ckpt"):
        assert "no such file" in complaint(tmp_path / name)


def test_other_extensions(tmp_path: Path) -> None:
    """A file whose name is none of a model's is not looked into."""
    (tmp_path / "a.txt").write_text("hello")
    assert ".safetensors, .ckpt" in complaint(tmp_path / "a.txt")


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


@pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])
def test_torch_files_by_this_name(tmp_path: Path, *, is_zip: bool) -> None:
    """A torch file is not read as safetensors, but called what it is."""
    path = tmp_path / "a.safetensors"
    torch.save({"a": torch.ones(1)}, path, _use_new_zipfile_serialization=is_zip)
    assert "torch file" in complaint(path)


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
        b"{}",
        b'{"a": 1}',
        b'{"a": {"data_offsets": []}}',
        b"{" * 20_000,
        b'{"a": ' + b"[" * 20_000,
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"\xff": 1}',
        b'{"__metadata__": []}',
        json.dumps({"a": entry([9], 0, 4)}).encode(),
        json.dumps({"a": entry([1], 0, 4, "F5")}).encode(),
        json.dumps({"a": entry([-1], 0, 4)}).encode(),
        json.dumps({"a": entry([True], 0, 4)}).encode(),
        json.dumps({"a": entry([2**40, 2**40], 0, 4)}).encode(),
        json.dumps({"a": entry([1], 4, 0)}).encode(),
    ],
)
def test_hostile_headers(tmp_path: Path, header: bytes) -> None:
    """A header that is no sense ends in words, not in a crash."""
    assert "not valid" in complaint(with_header(tmp_path / "bad.safetensors", header))


@pytest.mark.parametrize(
    ("entries", "numbers", "words"),
    [
        ({"a": entry([1], 0, 4), "b": entry([1], 0, 4)}, 4, "on one another"),
        ({"a": entry([2], 0, 8), "b": entry([1], 4, 8)}, 8, "on one another"),
        ({"a": entry([1], 4, 8)}, 8, "4 bytes belong to no tensor"),
        ({"a": entry([1], 0, 4)}, 9, "5 bytes belong to no tensor"),
        ({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, 12, "4 bytes belong to no tensor"),
    ],
)
def test_tensors_out_of_place(
    tmp_path: Path, entries: dict[str, object], numbers: int, words: str
) -> None:
    """Tensors follow one another without a gap, and fill the file."""
    header = json.dumps(entries).encode()
    assert words in complaint(with_header(tmp_path / "bad.safetensors", header, numbers))


def test_names_that_come_twice(tmp_path: Path) -> None:
    """A name that stands for two tensors stands for none."""
    one = json.dumps(entry([1], 0, 4))
    header = f'{{"a": {one}, "a": {one}}}'.encode()
    assert "'a' is in it twice" in complaint(with_header(tmp_path / "bad.safetensors", header))


def test_half_characters(tmp_path: Path) -> None:
    """Text that JSON can spell and UTF-8 cannot does not reach anybody who would choke on it."""
    header = b'{"__metadata__": {"title": "a \\ud83d b"}}'
    assert safetensors_metadata(with_header(tmp_path / "a.safetensors", header, 0)) == {
        "title": "a ? b"
    }


@pytest.mark.parametrize("size", [10**10, 99 * 2**20], ids=["sparse", "long"])
def test_huge_files_cost_nothing(tmp_path: Path, size: int) -> None:
    """Files and headers of a size that no model has are refused before they are read."""
    for name, start in (("a", pack("<Q", 99 * 2**20 - 100) + b"{"), ("b", b""), ("c", b"PK\3\4")):
        for suffix in (".safetensors", ".ckpt"):
            path = tmp_path / (name + suffix)
            path.write_bytes(start)
            with path.open("r+b") as file:
                file.truncate(size)
            tracemalloc.start()
            complaint(path)
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 40 * 2**20
            path.unlink()


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A file whose name is not UTF-8 can be read."""
    path = tmp_path / "\udcff.safetensors"
    save_tensors(TENSORS, tmp_path / "a.safetensors").rename(path)
    assert len(open_table(path).tensors) == len(TENSORS)


def test_any_mutation(tmp_path: Path) -> None:
    """However a file is spoilt, it is read or refused, and its tensors stay within it."""
    path = save_tensors(TENSORS, tmp_path / "a.safetensors", {"title": "A"})
    original, random = path.read_bytes(), Random(3)
    for _ in range(MUTATIONS):
        spoilt = bytearray(original)
        for _ in range(random.randrange(1, 4)):
            spoilt[random.randrange(len(spoilt))] = random.randrange(256)
        if random.random() < 0.2:
            del spoilt[random.randrange(len(spoilt)) :]
        path.write_bytes(spoilt)
        try:
            table = open_table(path)
        except ModelError:
            continue
        ends = [s.offset + s.bytes for t in table.tensors.values() for s in t.slices]
        assert max(ends, default=0) <= len(spoilt)


def test_a_whole_checkpoint(tmp_path: Path) -> None:
    """A checkpoint's names and shapes are known without its numbers."""
    path = write_tiny_checkpoint(tmp_path / "a.safetensors")
    first = open_table(path).shapes["model.diffusion_model.input_blocks.0.0.weight"]
    assert first == (32, 4, 3, 3)


@pytest.mark.parametrize("name", ["x" * 300 + ".safetensors", "a\0b.safetensors", "x" * 300])
def test_names_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    """A name that the system itself refuses is one of no file."""
    assert complaint(tmp_path / name)


def test_half_characters_in_names(tmp_path: Path) -> None:
    """Names of tensors, which complaints repeat, can be sent on as well."""
    header = b'{"a\\ud83d": ' + json.dumps(entry([1], 0, 4)).encode() + b"}"
    assert set(open_table(with_header(tmp_path / "a.safetensors", header)).tensors) == {"a?"}
