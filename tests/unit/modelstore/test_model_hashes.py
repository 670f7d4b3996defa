import hashlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.fakes.model_files import safetensors, write_pipeline

from tintype.core.models import ModelRecord
from tintype.errors import ModelError
from tintype.modelstore import ModelStore
from tintype.modelstore.facts import FileFacts
from tintype.modelstore.hashes import FileHashes

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with one checkpoint."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "a.ckpt").write_bytes(CONTENT)
    return folder


def change_secretly(path: Path) -> None:
    """Other bytes, but size and time as before: only who reads the file notices."""
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def hashed(store: ModelStore) -> ModelRecord:
    return store.hashed(store.default())


def test_hashing(models: Path) -> None:
    """A hash, once known, is part of the record, its title and the list."""
    store = ModelStore([models])
    assert store.default().title == "a.ckpt"
    record = hashed(store)
    assert record.sha256 == SHA256
    assert store.checkpoints() == (record,)
    assert store.default().title == f"a.ckpt [{SHA256[:10]}]"
    assert store.find(SHA256) == record


def test_hashed_once(models: Path) -> None:
    """A file that has not changed is not read again, not even after a refresh."""
    store = ModelStore([models])
    hashed(store)
    change_secretly(models / "a.ckpt")
    store.refresh()
    assert store.default().sha256 == hashed(store).sha256 == SHA256


def test_a_file_that_changed(models: Path) -> None:
    """A file of other size or time is another file, even before the list is refreshed."""
    store = ModelStore([models])
    old = hashed(store)
    (models / "a.ckpt").write_bytes(b"longer weights")
    new = store.hashed(old)
    assert new.sha256 == hashlib.sha256(b"longer weights").hexdigest()
    assert (new.bytes, store.checkpoints()) == (14, (new,))


def test_remembered_after_a_restart(models: Path, tmp_path: Path) -> None:
    """The database carries hashes over, so the next start knows them without reading a file."""
    database = tmp_path / "data" / "models.sqlite"
    first = ModelStore([models], database)
    assert first.default().sha256 is None
    assert not database.parent.exists()
    hashed(first)
    change_secretly(models / "a.ckpt")
    second = ModelStore([models], database)
    assert second.default().sha256 == hashed(second).sha256 == SHA256


def test_threads_share_one_hashing(models: Path, tmp_path: Path) -> None:
    """Many threads asking at once all get the hash."""
    store = ModelStore([models], tmp_path / "models.sqlite")
    with ThreadPoolExecutor(8) as pool:
        records = set(pool.map(hashed, [store] * 32))
    assert [record.sha256 for record in records] == [SHA256]


def test_a_folder_that_cannot_be_written(
    models: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a place for the database hashes live in memory, and the log says so once."""
    (tmp_path / "file").touch()
    store = ModelStore([models], tmp_path / "file" / "models.sqlite")
    with caplog.at_level(logging.WARNING):
        hashed(store)
        change_secretly(models / "a.ckpt")
        assert hashed(store).sha256 == SHA256
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_torn_database(models: Path, tmp_path: Path) -> None:
    """A database that is none costs its hashes, not the start."""
    database = tmp_path / "models.sqlite"
    database.write_bytes(b"no database at all" * 100)
    store = ModelStore([models], database)
    assert store.default().sha256 is None
    assert hashed(store).sha256 == SHA256


def test_a_file_that_is_gone(models: Path) -> None:
    """A file that disappeared after listing is a model error that names it."""
    store = ModelStore([models])
    record = store.default()
    record.path.unlink()
    with pytest.raises(ModelError, match=r"checkpoint a\.ckpt cannot be read"):
        store.hashed(record)


def test_the_names_of_a_file(tmp_path: Path) -> None:
    """AutoV1 is of a part of the file, AutoV2 of all of it, AutoV3 of what follows the header."""
    path = tmp_path / "a.safetensors"
    content = bytes(range(256)) * 6000
    path.write_bytes(safetensors({}, {"a": "b"}) + content)
    whole = path.read_bytes()
    _, found = FileHashes(FileFacts(None)).compute(path, "a", with_autov3=True)
    assert found.sha256 == hashlib.sha256(whole).hexdigest()
    assert found.autov1 == hashlib.sha256(whole[0x100000:0x110000]).hexdigest()[:8]
    assert found.autov2 == found.sha256[:10]
    assert found.autov3 == hashlib.sha256(content).hexdigest()[:12]


def test_what_has_no_autov3(tmp_path: Path) -> None:
    """A pickle has none, and is not read again for it."""
    path = tmp_path / "a.ckpt"
    path.write_bytes(CONTENT)
    hashes = FileHashes(FileFacts(None))
    _, found = hashes.compute(path, "a", with_autov3=True)
    assert (found.sha256, found.autov3) == (SHA256, None)
    change_secretly(path)
    assert hashes.compute(path, "a", with_autov3=True)[1] == found


def test_long_files(tmp_path: Path) -> None:
    """Files are read in blocks, and who reads can be ended between any two."""
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors({"a": (5 << 20,)}, {}) + b"end")
    hashes, seen = FileHashes(FileFacts(None)), list[int]()

    def stop() -> None:
        seen.append(1)
        raise InterruptedError

    with pytest.raises(ModelError):
        hashes.compute(path, "a", with_autov3=True, pause=stop)
    state, found = hashes.compute(path, "a", with_autov3=True, pause=lambda: seen.append(2))
    assert (seen, state.bytes) == ([1, 2, 2, 2], path.stat().st_size)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found.autov3 == hashlib.sha256(bytes(10 << 20) + b"end").hexdigest()[:12]


def test_a_folder_in_the_layout_of_diffusers(tmp_path: Path) -> None:
    """Its hash is that of its U-Net's weights, and a change of any file is a change of it."""
    folder = write_pipeline(tmp_path / "diffusers" / "a")
    store = ModelStore([tmp_path])
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    record = store.hashed(store.default())
    assert record.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert store.default() == record
    (folder / "vae" / "config.json").write_text("{}")
    assert store.hashed(record).bytes == record.bytes + 2


def test_a_broken_folder(tmp_path: Path) -> None:
    """A folder that cannot be read has no hash, and the error says why."""
    folder = write_pipeline(tmp_path / "diffusers" / "a")
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelError, match="checkpoint a "):
        ModelStore([tmp_path]).hashed(ModelStore([tmp_path]).default())
