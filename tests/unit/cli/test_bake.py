"""`tintype bake`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fakes.small_models import LORA, VAE, safetensors

from tintype.cli.bake import Baking, bake
from tintype.core.settings import StoreConfig
from tintype.modelstore import INDEX_FILE, entries, open_models
from tintype.settings import read_settings
from tintype.wiring import take_over_index


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, in a folder with `models` in it."""
    return subprocess.run(
        [sys.executable, "-m", "tintype", "bake", "--device", "cpu", "--offline", *words],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where it was done once, with `baked.sqlite` beside data and models."""
    folder = tmp_path_factory.mktemp("baked")
    for name in ("cats", "dogs"):
        path = folder / "models" / "Lora" / f"{name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(safetensors(LORA, padding=len(name)))
    torn = folder / "models" / "VAE" / "soft.safetensors"
    torn.parent.mkdir()
    torn.write_bytes(safetensors(VAE)[:-1])
    done = run(folder, "--out", "baked.sqlite")
    assert done.stderr == ""
    (folder / "said").write_text(f"{done.stdout}exit code {done.returncode}")
    return folder


def test_it_says_what_it_did(baked: Path) -> None:
    """Models, a picture, bytecode, and how long a start takes now; torn files end in code 1."""
    said = (baked / "said").read_text()
    assert "4 models in the index, 4 of them new" in said
    assert f"  wrong: {baked / 'models' / 'VAE' / 'soft.safetensors'}: " in said
    assert said.endswith("exit code 1")
    assert "a picture with tintype-shapes.safetensors" in said
    assert "bytecode of " in said
    assert "a start answers after " in said


def test_every_hash_is_known_afterwards(baked: Path) -> None:
    """To servers with this data folder, and to those that begin with the copy."""
    models = (baked / "models",)
    fresh = StoreConfig(models, baked / "other", baked_index=baked / "baked.sqlite")
    fresh.data.mkdir()
    take_over_index(fresh)
    for config in (StoreConfig(models, baked / "data"), fresh):
        store = open_models(config)
        assert all(store.hashes.known(entry.file) for entry in entries(store))


def test_an_index_of_ones_own_stays(baked: Path, tmp_path: Path) -> None:
    """It knows more than the baked one."""
    (tmp_path / INDEX_FILE).write_bytes(b"mine")
    take_over_index(StoreConfig((), tmp_path, baked_index=baked / "baked.sqlite"))
    assert (tmp_path / INDEX_FILE).read_bytes() == b"mine"


def test_a_second_time_only_what_is_new_is_done(baked: Path) -> None:
    """The index knows the rest."""
    (baked / "models" / "Lora" / "new.safetensors").write_bytes(safetensors(LORA, padding=99))
    flags = {"models": baked / "models", "data": baked / "data"}
    first = next(bake(Baking(read_settings(flags, {}))))
    assert first.what.startswith("5 models in the index, 1 of them new")
