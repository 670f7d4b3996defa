import hashlib
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tintype.core.models import ModelRecord
from tintype.errors import ModelError
from tintype.modelstore import ModelStore

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
