"""Autoencoders in files of their own: where they are found and by which names."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tintype.core.models import ModelRecord
from tintype.errors import ModelError, UnknownName
from tintype.modelstore import ModelStore

EMPTY = (2).to_bytes(8, "little") + b"{}"  # a safetensors file that is whole, or anything else


def write(path: Path, content: bytes = EMPTY) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def paths(*roots: Path) -> dict[str, Path]:
    return {record.name: record.path for record in ModelStore(roots).vaes()}


def test_where_they_are_found(tmp_path: Path) -> None:
    """In A1111's, Forge's and ComfyUI's folders at any depth, and beside checkpoints by ending."""
    models = tmp_path / "models"
    found = [
        write(models / "VAE" / "a.pt"),
        write(models / "VAE" / "deep" / "b.safetensors"),
        write(models / "vae" / "C.ckpt"),
        write(models / "Stable-diffusion" / "d.vae.pt"),
        write(models / "Stable-diffusion" / "people" / "e.vae.safetensors"),
        write(models / "Stable-diffusion" / "f.vae.ckpt"),
    ]
    write(models / "VAE" / "notes.txt")
    write(models / "VAE-approx" / "taesd.pt")
    write(models / "Stable-diffusion" / "plain.safetensors")
    assert paths(tmp_path) == {path.name: path for path in found}
    assert list(paths(models)) == ["a.pt", "b.safetensors", "C.ckpt", *(p.name for p in found[3:])]


def test_which_of_one_name_is_taken(tmp_path: Path) -> None:
    """The VAE folder's rather than one beside checkpoints, its last one, and the first root's."""
    one, two = tmp_path / "one", tmp_path / "two"
    write(one / "models" / "Stable-diffusion" / "a.vae.pt")
    write(one / "models" / "VAE" / "a.vae.pt")
    last = write(one / "models" / "VAE" / "below" / "a.vae.pt")
    write(two / "models" / "VAE" / "a.vae.pt")
    only = write(two / "models" / "VAE" / "b.pt")
    assert paths(one, two) == {"a.vae.pt": last, "b.pt": only}


def test_found_after_refresh(tmp_path: Path) -> None:
    """A file that came later is there once the folders are looked at again."""
    store = ModelStore([tmp_path])
    assert store.vaes() == ()
    write(tmp_path / "models" / "VAE" / "late.pt")
    store.refresh()
    assert [record.name for record in store.vaes()] == ["late.pt"]


@pytest.mark.parametrize("name", ["Anime.vae.pt", "Anime.vae", "anime.VAE.pt", " ANIME.vae "])
def test_names(tmp_path: Path, name: str) -> None:
    """A file is meant by its name, with or without its extension, in any case."""
    write(tmp_path / "models" / "VAE" / "Anime.vae.pt")
    assert ModelStore([tmp_path]).find_vae(name).name == "Anime.vae.pt"


def test_a_file_called_as_another_without_extension(tmp_path: Path) -> None:
    """A whole name counts for more than one without its extension, wherever it stands."""
    for name in ("a.pt", "a.pt.ckpt"):
        write(tmp_path / "models" / "VAE" / name)
    store = ModelStore([tmp_path])
    assert store.find_vae("a.pt").name == "a.pt"
    assert store.find_vae("a").name == "a.pt"


def test_unknown_names(tmp_path: Path) -> None:
    """The error lists what could have been meant."""
    write(tmp_path / "models" / "VAE" / "anime.pt")
    with pytest.raises(UnknownName) as refused:
        ModelStore([tmp_path]).find_vae("other")
    assert refused.value.choices == ("Automatic", "None", "anime.pt")


def test_hashes(tmp_path: Path) -> None:
    """A hash is of the whole file as it is now, and a name once it is known."""
    path = write(tmp_path / "models" / "VAE" / "a.pt", b"one")
    store = ModelStore([tmp_path])
    (record,) = store.vaes()
    assert record.sha256 is None
    assert store.hashed_vae(record).sha256 == hashlib.sha256(b"one").hexdigest()
    write(path, b"another")
    digits = hashlib.sha256(b"another").hexdigest()
    hashed = store.hashed_vae(record)
    assert (hashed.sha256, hashed.bytes, hashed.shorthash) == (digits, 7, digits[:10])
    store.refresh()
    assert store.find_vae(digits[:10]) == hashed


def test_one_that_is_gone(tmp_path: Path) -> None:
    """A file that was deleted since is refused by name."""
    path = write(tmp_path / "models" / "VAE" / "a.pt")
    store = ModelStore([tmp_path])
    (record,) = store.vaes()
    path.unlink()
    with pytest.raises(ModelError, match=r"VAE a\.pt cannot be read"):
        store.hashed_vae(record)
    with pytest.raises(ModelError, match=r"VAE a\.pt cannot be read"):
        store.vae_at(path)


def test_one_named_after_a_checkpoint(tmp_path: Path) -> None:
    """The first by name that begins with the checkpoint's stem, case and all, as in A1111."""
    for name in ("sd15.vae.pt", "sd15-b.pt", "SD15-a.pt", "sd1.pt"):
        write(tmp_path / "models" / "VAE" / name)
    write(tmp_path / "models" / "Stable-diffusion" / "sd15.safetensors")
    store = ModelStore([tmp_path])
    checkpoint = store.default()
    found = store.vae_named_after(checkpoint)
    assert found is not None
    assert found.name == "sd15-b.pt"
    other = replace(checkpoint, path=checkpoint.path.with_name("xl.safetensors"))
    assert store.vae_named_after(other) is None


@pytest.mark.parametrize(
    ("notes", "wanted"),
    [
        (json.dumps({"vae": "anime.pt", "description": "x"}), "anime.pt"),
        (json.dumps({"vae": "None"}), "None"),
        (json.dumps({"vae": ""}), None),
        (json.dumps({"vae": ["anime.pt"]}), None),
        (json.dumps({"description": "x"}), None),
        (json.dumps(["vae"]), None),
        ("[" * 100_000, None),
        ("no JSON", None),
        ('{"vae": "anime.pt", "notes": "' + "x" * 2_000_000 + '"}', None),
        ("", None),
    ],
)
def test_notes(tmp_path: Path, notes: str, wanted: str | None) -> None:
    """What the notes beside a checkpoint want is heard; what are no such notes says nothing."""
    path = write(tmp_path / "m.safetensors")
    write(tmp_path / "m.json", notes.encode())
    assert ModelStore([]).noted_vae(ModelRecord("m.safetensors", path, 1, 1)) == wanted


def test_no_notes(tmp_path: Path) -> None:
    """Most checkpoints have none."""
    record = ModelRecord("m.safetensors", tmp_path / "m.safetensors", 1, 1)
    assert ModelStore([]).noted_vae(record) is None
