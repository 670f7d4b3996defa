"""LoRAs on disk: which there are, what they are called, how they are hashed."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from tintype.core.models import AdapterRecord
from tintype.errors import ModelError
from tintype.modelstore import FileState, ModelStore
from tintype.modelstore.free_text import text_of


def header_file(path: Path, content: bytes = b"weights", **metadata: str) -> Path:
    """A safetensors file as far as its header goes."""
    header = json.dumps({"__metadata__": metadata} if metadata else {}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(header).to_bytes(8, "little") + header + content)
    return path


def names(store: ModelStore) -> list[str]:
    return [record.name for record in store.adapters()]


def found(store: ModelStore, name: str) -> Path:
    record = store.find_adapter(name)
    assert record is not None
    return record.path


@pytest.mark.parametrize("below", ["models", "."])
def test_folders(tmp_path: Path, below: str) -> None:
    """LoRAs lie in Lora and LyCORIS below models, or below a root that is the models folder."""
    models = tmp_path / below
    header_file(models / "LyCORIS" / "a.safetensors")
    for name in ("v10.pt", "v2.ckpt", "sub/x.SAFETENSORS", "notes.txt", "v2.png"):
        header_file(models / "Lora" / name)
    assert names(ModelStore([tmp_path])) == ["v2", "v10", "x", "a"]


def test_files_of_one_stem(tmp_path: Path) -> None:
    """Within a root the last file of a stem counts, and earlier roots hide later ones."""
    one = header_file(tmp_path / "1/models/Lora/a.safetensors")
    two = header_file(tmp_path / "1/models/LyCORIS/a.safetensors")
    three = header_file(tmp_path / "2/models/Lora/a.safetensors")
    assert found(ModelStore([tmp_path / "1", tmp_path / "2"]), "a") == two
    assert found(ModelStore([tmp_path / "2", tmp_path / "1"]), "a") == three
    two.unlink()
    assert found(ModelStore([tmp_path / "1"]), "a") == one


def test_names(tmp_path: Path) -> None:
    """A LoRA is found by stem, by alias, then by either in any case; a stem beats an alias."""
    lora = tmp_path / "models" / "Lora"
    first = header_file(lora / "first.safetensors", ss_output_name="second")
    second = header_file(lora / "second.safetensors", ss_output_name="Styl")
    store = ModelStore([tmp_path])
    assert [record.alias for record in store.adapters()] == ["second", "Styl"]
    assert found(store, "second") == second
    assert found(store, "Styl") == second
    assert found(store, "FIRST") == first
    assert found(store, "sTYL") == second
    assert store.find_adapter("third") is None


def test_a_shared_alias_names_nobody(tmp_path: Path) -> None:
    """An alias of two files is forgotten; their stems still work."""
    for name in ("a", "b"):
        header_file(tmp_path / f"models/Lora/{name}.safetensors", ss_output_name="same")
    store = ModelStore([tmp_path])
    assert store.find_adapter("same") is None
    assert store.find_adapter("a") is not None


def test_new_files_are_found_without_a_refresh(tmp_path: Path) -> None:
    """A name that is not known makes the folders be looked at once more."""
    store = ModelStore([tmp_path])
    assert store.find_adapter("late") is None
    path = header_file(tmp_path / "models/Lora/late.safetensors")
    assert found(store, "late") == path


def record(path: Path) -> AdapterRecord:
    status = path.stat()
    return AdapterRecord(path.stem, path, status.st_size, status.st_mtime_ns, path.stem)


def test_hashes(tmp_path: Path) -> None:
    """The trainer's hash, else that of what follows the header, else of a whole pickle."""
    store = ModelStore([tmp_path])
    stated = header_file(tmp_path / "a.safetensors", sshs_model_hash="0123456789abcdef")
    assert store.adapter_hash(record(stated)) == "0123456789ab"
    expected = hashlib.sha256(b"weights").hexdigest()[:12]
    edited = header_file(tmp_path / "b.safetensors", ss_output_name="x")
    assert store.adapter_hash(record(edited)) == expected
    pickled = tmp_path / "c.pt"
    pickled.write_bytes(b"weights")
    assert store.adapter_hash(record(pickled)) == expected


def test_a_lost_file_has_no_hash(tmp_path: Path) -> None:
    """A LoRA that is gone is an error that names it."""
    path = header_file(tmp_path / "a.safetensors")
    lost = record(path)
    path.unlink()
    with pytest.raises(ModelError, match="LoRA a cannot be read"):
        ModelStore([tmp_path]).adapter_hash(lost)


def test_metadata(tmp_path: Path) -> None:
    """The header's free text can be asked for; a torn header has none."""
    store = ModelStore([tmp_path])
    path = header_file(tmp_path / "a.safetensors", ss_tag="x")
    assert text_of(FileState.of(record(path)), store.index) == {"ss_tag": "x"}
    path.write_bytes(b"\xff" * 20)
    assert text_of(FileState.of(record(path)), store.index) == {}


def test_files_are_opened_only_where_needed(tmp_path: Path) -> None:
    """A stem is found without reading the headers of other files."""
    lora = tmp_path / "models" / "Lora"
    wanted = header_file(lora / "wanted.safetensors")
    other = header_file(lora / "other.safetensors", ss_output_name="before")
    store = ModelStore([tmp_path])
    status = other.stat()
    assert found(store, "wanted") == wanted
    header_file(other, ss_output_name="afterw")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert {r.alias for r in store.adapters()} == {"wanted", "afterw"}


def test_headers_are_remembered_between_starts(tmp_path: Path) -> None:
    """A second start reads no header of a file whose size and time are as they were."""
    path = header_file(tmp_path / "models/Lora/a.safetensors", ss_output_name="one")
    database = tmp_path / "facts.sqlite"
    first = ModelStore([tmp_path], database)
    (before,) = first.adapters()
    digits = first.adapter_hash(before)
    status = path.stat()
    header_file(path, b"changed", ss_output_name="two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    (again,) = ModelStore([tmp_path], database).adapters()
    assert (again.alias, again.hash) == ("one", digits)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    (changed,) = ModelStore([tmp_path], database).adapters()
    assert (changed.alias, changed.hash) == ("two", None)


def test_a_spoilt_database_costs_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that is none is reported, and everything works without it."""
    header_file(tmp_path / "models/Lora/a.safetensors", ss_output_name="one")
    database = tmp_path / "facts.sqlite"
    database.write_bytes(b"no database at all, however long it may be" * 99)
    store = ModelStore([tmp_path], database)
    assert [r.alias for r in store.adapters()] == ["one"]
    assert "facts.sqlite" in caplog.text
