"""Files and folders of this machine."""

from pathlib import Path

import pytest
from tests.fakes.small_models import CHECKPOINT, RANDOM, diffusers_folder, safetensors
from tests.unit.fetching.conftest import Fetch

from tintype.errors import FetchError, InvalidRequest, ModelError


def test_a_file_is_copied(tmp_path: Path, fetch: Fetch, root: Path) -> None:
    """Into the folder of its kind; the original stays."""
    mine = tmp_path / "My Model.safetensors"
    mine.write_bytes(safetensors(CHECKPOINT))
    pulled = fetch(str(mine))
    assert pulled.path == root / "Stable-diffusion" / "My Model.safetensors"
    assert pulled.path.read_bytes() == mine.read_bytes()


def test_a_folder_is_copied(tmp_path: Path, fetch: Fetch, root: Path) -> None:
    """One of diffusers becomes one; of any other a file is to be named."""
    for name, content in diffusers_folder().items():
        path = tmp_path / "cats" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert fetch(str(tmp_path / "cats")).path == root / "Stable-diffusion" / "cats"
    (tmp_path / "cats" / "model_index.json").unlink()
    with pytest.raises(InvalidRequest, match="no diffusers folder; name one file: text_encoder/"):
        fetch(str(tmp_path / "cats"))


def test_what_is_not_there(tmp_path: Path, fetch: Fetch) -> None:
    """Said with its path."""
    with pytest.raises(FetchError, match="there is no file or folder /nowhere"):
        fetch("/nowhere/a.ckpt")


def test_torn_files_are_refused(tmp_path: Path, fetch: Fetch, root: Path) -> None:
    """A copy that ended too early is no model; nothing of it stays."""
    mine = tmp_path / "a.safetensors"
    mine.write_bytes(safetensors(RANDOM, padding=1000)[:-10])
    with pytest.raises(ModelError, match=r"a.safetensors: The file is torn"):
        fetch(str(mine), kind="checkpoint")
    mine = tmp_path / "a.ckpt"
    mine.write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ModelError, match=r"a.ckpt: "):
        fetch(str(mine))
    assert not [path for path in root.rglob("*") if path.is_file()]
