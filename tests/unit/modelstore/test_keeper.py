"""What is done for models while nobody waits."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from tests.fakes.model_files import CHECKPOINT, LORA, safetensors, write_model
from tests.fakes.waiting import until

from tintype.core.models import ModelRecord
from tintype.modelstore import FileState, Keeper, ModelStore, entries, family_in


@contextmanager
def kept(store: ModelStore, busy: Event | None = None, *, hashes: bool = True) -> Generator[None]:
    is_busy = (busy or Event()).is_set
    keeper = Keeper(store, is_busy, hashes=hashes, look_seconds=0.02)
    keeper.start()
    try:
        yield
    finally:
        keeper.stop()


def state(record: ModelRecord) -> FileState:
    return FileState(record.path, record.bytes, record.modified)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two checkpoints and a LoRA."""
    for name in "ab":
        write_model(
            tmp_path / "models/Stable-diffusion" / f"{name}.safetensors", CHECKPOINT, n=name
        )
    write_model(tmp_path / "models/Lora" / "l.safetensors", LORA, ss_output_name="styl")
    return tmp_path


def test_everything_becomes_known(root: Path, tmp_path: Path) -> None:
    """Headers are read and files hashed without anybody asking, and both outlive the server."""
    database = tmp_path / "data" / "models.sqlite"
    store = ModelStore([root], database)
    with kept(store):
        until(lambda: all(record.sha256 for record in store.checkpoints()))
        until(lambda: all(family_in(entry, store) for entry in entries(store)))
        until(lambda: all(store.hashes.known(entry.file) for entry in entries(store)))
    again = ModelStore([root], database)
    expected = [hashlib.sha256(r.path.read_bytes()).hexdigest() for r in again.checkpoints()]
    assert [record.sha256 for record in again.checkpoints()] == expected
    assert [family_in(entry, again) for entry in entries(again)] == ["sd1", "sd1", "sdxl"]
    (lora,) = again.adapters()
    assert (lora.alias, lora.hash) == ("styl", again.adapter_hash(lora))


def test_files_that_come_and_go(root: Path) -> None:
    """New, renamed and deleted files are noticed without a refresh, also in new folders."""
    store = ModelStore([root])
    folder = root / "models/Stable-diffusion"
    with kept(store):
        write_model(folder / "new" / "c.safetensors", CHECKPOINT)
        until(lambda: "new/c.safetensors" in [r.name for r in store.checkpoints()])
        (folder / "a.safetensors").rename(folder / "z.safetensors")
        until(
            lambda: (
                [r.name for r in store.checkpoints()]
                == ["b.safetensors", "z.safetensors", "new/c.safetensors"]
            )
        )
        (folder / "b.safetensors").unlink()
        until(lambda: store.default().name == "z.safetensors")
        until(lambda: all(record.sha256 for record in store.checkpoints()))


def test_files_replaced_in_their_place(root: Path) -> None:
    """A file that is written over is hashed anew."""
    store = ModelStore([root])
    path = root / "models/Stable-diffusion" / "a.safetensors"
    new = safetensors(CHECKPOINT, {"n": "another"})
    with kept(store):
        old = until(lambda: store.default().sha256)
        path.write_bytes(new)
        until(lambda: store.default().sha256 not in (None, old))
    assert store.default().sha256 == hashlib.sha256(new).hexdigest()


def test_pictures_go_first(root: Path) -> None:
    """While something is painted only the default checkpoint is hashed, and who waits is served."""
    busy, store = Event(), ModelStore([root])
    busy.set()
    with kept(store, busy):
        until(lambda: store.default().sha256)
        last = store.checkpoints()[1]
        assert last.sha256 is None
        assert store.hashed(last).sha256 is not None
        busy.clear()
        until(lambda: all((store.hashes.known(e.file)) for e in entries(store)))


def test_without_hashing(root: Path) -> None:
    """Where files shall not be hashed, headers are read all the same."""
    store = ModelStore([root])
    with kept(store, hashes=False):
        until(lambda: all(family_in(entry, store) for entry in entries(store)))
    assert [record.sha256 for record in store.checkpoints()] == [None, None]


def test_catching_up(root: Path) -> None:
    """Everything can be read and hashed at once, for an image that is made of the machine."""
    store = ModelStore([root])
    Keeper(store, lambda: False).catch_up()
    known = [store.hashes.known(entry.file) for entry in entries(store)]
    assert [hashes is not None and hashes.has_autov3 for hashes in known] == [True] * 3


def test_a_file_that_cannot_be_read_is_left_alone(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning, and the others are hashed."""
    store = ModelStore([root])
    gone = store.default()
    gone.path.unlink()
    keeper = Keeper(store, lambda: False)
    keeper.catch_up()
    keeper.catch_up()
    assert [record.sha256 is None for record in store.checkpoints()] == [True, False]
    assert len(caplog.records) == 1
