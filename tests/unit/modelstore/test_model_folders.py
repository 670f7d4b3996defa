import os
import subprocess
import sys
from pathlib import Path

import pytest

from tintype.errors import ModelError
from tintype.modelstore import ModelStore, checkpoint_folder


def make(folder: Path, *names: str) -> Path:
    """Checkpoint files, each holding its own name."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def names_in(*roots: Path) -> list[str]:
    return [record.name for record in ModelStore(roots).checkpoints()]


@pytest.mark.parametrize("below", ["models/Stable-diffusion", "Stable-diffusion", "."])
def test_roots(tmp_path: Path, below: str) -> None:
    """A root is A1111's folder, its models folder, or a folder of checkpoints."""
    make(tmp_path / below, "a.safetensors", "sub/b.safetensors")
    assert checkpoint_folder(tmp_path) == tmp_path / below
    assert names_in(tmp_path) == ["a.safetensors", "sub/b.safetensors"]


def test_a_root_of_other_things(tmp_path: Path) -> None:
    """A folder without checkpoints directly in it is not searched: its files may be LoRAs."""
    make(tmp_path, "Lora/a.safetensors", "readme.txt")
    assert checkpoint_folder(tmp_path) is None
    assert names_in(tmp_path) == []


def test_files_that_are_checkpoints(tmp_path: Path) -> None:
    """Checkpoints are told by their extension, in any case; VAEs beside them are none."""
    make(tmp_path, "a.ckpt", "b.SAFETENSORS", "a.vae.pt", "a.vae.ckpt", "b.VAE.safetensors", "c.pt")
    (tmp_path / "folder.safetensors").mkdir()
    assert names_in(tmp_path) == ["a.ckpt", "b.SAFETENSORS"]


def test_natural_order(tmp_path: Path) -> None:
    """Numbers count as numbers, case does not matter, subfolders come after files."""
    make(tmp_path, "v10.ckpt", "V2.ckpt", "v1.ckpt", "b/x.ckpt", "A/y.ckpt", "1.ckpt")
    assert names_in(tmp_path) == [
        "1.ckpt",
        "v1.ckpt",
        "V2.ckpt",
        "v10.ckpt",
        "A/y.ckpt",
        "b/x.ckpt",
    ]


def test_earlier_roots_first(tmp_path: Path) -> None:
    """Earlier roots come first and hide files of the same name in later ones."""
    first, second = (
        make(tmp_path / "1", "z.ckpt", "b.ckpt"),
        make(tmp_path / "2", "a.ckpt", "z.ckpt"),
    )
    store = ModelStore([first, tmp_path / "missing", second])
    assert [r.name for r in store.checkpoints()] == ["b.ckpt", "z.ckpt", "a.ckpt"]
    assert store.find("z.ckpt").path == first / "z.ckpt"
    assert store.default().name == "b.ckpt"


def test_symlink_loops(tmp_path: Path) -> None:
    """Links in circles, links to nowhere and links to themselves hinder nobody."""
    make(tmp_path, "a.ckpt", "sub/b.ckpt")
    (tmp_path / "sub" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "gone.ckpt").symlink_to(tmp_path / "nowhere")
    assert names_in(tmp_path) == ["a.ckpt", "sub/b.ckpt"]


def test_linked_folders_are_followed(tmp_path: Path) -> None:
    """A folder on another disk, linked into the tree, is part of it under the link's name."""
    make(tmp_path / "elsewhere", "b.ckpt")
    root = make(tmp_path / "root", "a.ckpt")
    (root / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert names_in(root) == ["a.ckpt", "linked/b.ckpt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_unreadable_folders(tmp_path: Path) -> None:
    """A folder that may not be read is left out."""
    make(tmp_path, "a.ckpt", "locked/b.ckpt")
    (tmp_path / "locked").chmod(0)
    try:
        assert names_in(tmp_path) == ["a.ckpt"]
    finally:
        (tmp_path / "locked").chmod(0o700)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    """A file whose name is no UTF-8 is left out, for no client could be told it."""
    make(tmp_path, "a.ckpt")
    (tmp_path / os.fsdecode(b"\xff.ckpt")).write_text("")
    assert names_in(tmp_path) == ["a.ckpt"]


def test_config_beside_a_checkpoint(tmp_path: Path) -> None:
    """A YAML file of the same stem is the checkpoint's config."""
    make(tmp_path, "v1.5.ckpt", "v1.5.yaml", "b.ckpt")
    with_config, without = reversed(ModelStore([tmp_path]).checkpoints())
    assert with_config.config_path == tmp_path / "v1.5.yaml"
    assert without.config_path is None


def test_refresh(tmp_path: Path) -> None:
    """The list stays as it is until it is refreshed."""
    store = ModelStore([make(tmp_path, "a.ckpt")])
    assert len(store.checkpoints()) == 1
    make(tmp_path, "b.ckpt")
    assert len(store.checkpoints()) == 1
    store.refresh()
    assert len(store.checkpoints()) == 2


def test_no_checkpoint_at_all(tmp_path: Path) -> None:
    """Without a checkpoint there is no default, and the error says where one was looked for."""
    with pytest.raises(ModelError, match=str(tmp_path)):
        ModelStore([tmp_path]).default()


_LISTING = """
import sys
from tintype.modelstore import ModelStore
from pathlib import Path

opened = []
sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
assert len(ModelStore([Path(sys.argv[1])]).checkpoints()) == 1
assert not [path for path in opened if path.startswith(sys.argv[1])], opened
"""


def test_listing_opens_no_file(tmp_path: Path) -> None:
    """Listing looks at names and sizes only, so a start costs the same with any collection."""
    make(tmp_path, "a.ckpt", "a.yaml")
    subprocess.run([sys.executable, "-c", _LISTING, str(tmp_path)], check=True)
