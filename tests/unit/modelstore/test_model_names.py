from pathlib import Path

import pytest

from tintype.errors import UnknownName
from tintype.modelstore import ModelStore


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    """Four checkpoints, of which one has been hashed."""
    for name in (
        "anime.ckpt",
        "photo/sd15.safetensors",
        "photo/sd15-pruned.safetensors",
        "sd1.ckpt",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    store = ModelStore([tmp_path])
    store.hashed(store.find("photo/sd15.safetensors"))
    return store


@pytest.mark.parametrize(
    "name",
    [
        "photo/sd15.safetensors",
        "photo/sd15.safetensors [HASH10]",
        "sd15",
        "photo_sd15",
        "sd15 [HASH10]",
        "HASH10",
        "HASH64",
        "SD15",
        "PHOTO/SD15.SafeTensors",
        " sd15 ",
        "photo\\sd15.safetensors",
        "sd15 [0123456789]",
        "photo/sd15.safetensors [0123456789]",
        "hoto/sd15.",
        "hoto/sd15",
    ],
)
def test_names_of_a_checkpoint(store: ModelStore, name: str) -> None:
    """Every name A1111 gives a file finds it, in any case, and so does a part of its name."""
    (wanted,) = (r for r in store.checkpoints() if r.name == "photo/sd15.safetensors")
    assert wanted.sha256 is not None
    given = name.replace("HASH10", wanted.sha256[:10]).replace("HASH64", wanted.sha256)
    assert store.find(given) == wanted


def test_shortest_name_wins(store: ModelStore) -> None:
    """Of several names that contain a text the shortest is meant, whichever file is hashed."""
    assert store.find("sd").name == "sd1.ckpt"
    assert store.find("sd15-").name == "photo/sd15-pruned.safetensors"


@pytest.mark.parametrize("name", ["nonsense", "[e8cc25a1e0]", " ", "0123456789"])
def test_unknown(store: ModelStore, name: str) -> None:
    """A name that fits nothing is refused, and the titles shown."""
    with pytest.raises(UnknownName, match=r"anime\.ckpt") as refusal:
        store.find(name)
    assert refusal.value.choices == tuple(r.title for r in store.checkpoints())


@pytest.mark.parametrize("name", [None, ""])
def test_no_name(store: ModelStore, name: str | None) -> None:
    """Who names no checkpoint gets the first."""
    assert store.find(name) == store.default() == store.checkpoints()[0]


def test_exact_names_win(tmp_path: Path) -> None:
    """A file of just that name wins over one of the same stem, and case decides between two."""
    for name in ("a.ckpt", "A.ckpt", "b/a.ckpt.safetensors"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    store = ModelStore([tmp_path])
    assert store.find("a.ckpt").name == "a.ckpt"
    assert store.find("A.ckpt").name == "A.ckpt"


def test_a_long_list_of_choices(tmp_path: Path) -> None:
    """Of very many titles a refusal shows a hundred, and says how many more there are."""
    for number in range(120):
        (tmp_path / f"{number}.ckpt").touch()
    with pytest.raises(UnknownName, match=r"99\.ckpt and 20 more$") as refusal:
        ModelStore([tmp_path]).find("nobody")
    assert len(refusal.value.choices) == 120
