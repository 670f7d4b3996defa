"""The setting of one autoencoder for all."""

from pathlib import Path

import pytest

from tintype.errors import SetupError
from tintype.settings import read_settings


def test_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flag or variable name a file, which is known by its absolute path."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pt"
    path.write_bytes(b"a")
    assert read_settings({"vae-path": "a.pt"}, {}).store.vae_path == path
    assert read_settings({}, {"TINTYPE_VAE_PATH": str(path)}).store.vae_path == path
    assert read_settings({}, {}).store.vae_path is None


def test_no_file(tmp_path: Path) -> None:
    """One that is not there is refused at the start, by the name it was given by."""
    for given, source in (({"vae-path": tmp_path}, "--vae-path"), ({}, "TINTYPE_VAE_PATH")):
        with pytest.raises(SetupError, match=f"{source}.*no file"):
            read_settings(given, {"TINTYPE_VAE_PATH": str(tmp_path / "lost.pt")})
