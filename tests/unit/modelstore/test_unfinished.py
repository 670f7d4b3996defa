"""Files that are being written are left out until they are whole."""

import io
import os
import time
import zipfile
from pathlib import Path

import pytest
from tests.fakes.model_files import CHECKPOINT, safetensors

from tintype.modelstore import ModelStore


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """One that has looked at an empty folder, and will notice what comes."""
    (tmp_path / "checkpoints").mkdir()
    store = ModelStore([tmp_path])
    assert store.checkpoints() == ()
    return store


def listed(store: ModelStore) -> list[str]:
    store.look_again()
    return [record.name for record in store.checkpoints()]


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a/data.pkl", b"x" * 100)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.safetensors", safetensors(CHECKPOINT, {})), ("a.ckpt", zipped())],
)
def test_growing_files(store: ModelStore, tmp_path: Path, name: str, content: bytes) -> None:
    """However far it has been written, only the whole file is listed, and then at once."""
    path = tmp_path / "checkpoints" / name
    for bytes_there in (0, 5, 8, 40, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:bytes_there])
        assert listed(store) == [], bytes_there
    path.write_bytes(content)
    assert listed(store) == [name]


def test_reserved_space(store: ModelStore, tmp_path: Path) -> None:
    """A file of full length that is not filled yet is left out, whoever reserved it."""
    path = tmp_path / "checkpoints" / "a.safetensors"
    content = safetensors(CHECKPOINT, {})
    path.write_bytes(bytes(len(content)))
    assert listed(store) == []
    path.write_bytes(content)
    control = path.with_name("a.safetensors.aria2")
    control.touch()
    assert listed(store) == []
    control.unlink()
    assert listed(store) == ["a.safetensors"]


def test_files_that_stay_torn(store: ModelStore, tmp_path: Path) -> None:
    """A file nobody has written to for a minute is listed as it is."""
    path = tmp_path / "checkpoints" / "a.safetensors"
    path.write_bytes(safetensors(CHECKPOINT, {})[:-1])
    assert listed(store) == []
    then = time.time() - 61
    os.utime(path, (then, then))
    assert listed(store) == ["a.safetensors"]


def test_a_pickle_without_an_end(store: ModelStore, tmp_path: Path) -> None:
    """Of an old pickle nobody can tell its length: it is listed once it has been quiet."""
    path = tmp_path / "checkpoints" / "a.ckpt"
    path.write_bytes(b"\x80\x02" + bytes(100))
    assert listed(store) == []
    then = time.time() - 6
    os.utime(path, (then, then))
    assert listed(store) == ["a.ckpt"]


def test_files_written_over(store: ModelStore, tmp_path: Path) -> None:
    """A file that is written anew in its place is gone until it is whole again."""
    path = tmp_path / "checkpoints" / "a.safetensors"
    path.write_bytes(safetensors(CHECKPOINT, {}))
    assert listed(store) == ["a.safetensors"]
    path.write_bytes(safetensors(CHECKPOINT, {"a": "b"})[:-1])
    store.look_again(thoroughly=True)
    assert store.checkpoints() == ()
    path.write_bytes(safetensors(CHECKPOINT, {"a": "b"}))
    assert listed(store) == ["a.safetensors"]


def test_what_will_never_be_whole(store: ModelStore, tmp_path: Path) -> None:
    """A file of something else is listed, for A1111 lists it too."""
    (tmp_path / "checkpoints" / "page.safetensors").write_bytes(b"<!DOCTYPE html><html></html>")
    (tmp_path / "checkpoints" / "page.ckpt").write_bytes(b"<!DOCTYPE html><html></html>")
    assert listed(store) == ["page.ckpt", "page.safetensors"]


def test_an_end_beyond_all_numbers(store: ModelStore, tmp_path: Path) -> None:
    """Python refuses to read so many digits; the list goes on without the file that has them."""
    header = b'{"a": {"dtype": "F16", "shape": [1], "data_offsets": [0, %s]}}' % (b"9" * 5000)
    torn = len(header).to_bytes(8, "little") + header
    (tmp_path / "checkpoints" / "a.safetensors").write_bytes(torn)
    (tmp_path / "checkpoints" / "b.safetensors").write_bytes(safetensors(CHECKPOINT, {}))
    assert "b.safetensors" in listed(store)
