import os
import subprocess
import sys
from pathlib import Path

import pytest

from tintype.core.settings import Limits
from tintype.errors import SetupError
from tintype.settings import DEMO_TREE, prepare_data_folder, read_settings
from tintype.settings.model_folders import FOLDER_FLAGS


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_defaults(tmp_path: Path) -> None:
    """Without a word the server listens on this machine only and serves the demo model."""
    settings = read_settings({}, {})
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 7860)
    assert settings.engine.device == "auto"
    assert settings.store.model_roots == (DEMO_TREE,)
    assert settings.store.data == tmp_path / "data"
    assert settings.limits == Limits()
    assert list(tmp_path.iterdir()) == []


def test_models_beside(tmp_path: Path) -> None:
    """A models folder in the current one is used without being named."""
    (tmp_path / "models").mkdir()
    assert read_settings({}, {}).store.model_roots == (tmp_path / "models", DEMO_TREE)


def test_environment(tmp_path: Path) -> None:
    """Every flag has a variable."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    settings = read_settings(
        {},
        {
            "TINTYPE_HOST": "0.0.0.0",
            "TINTYPE_PORT": "8080",
            "TINTYPE_MODELS": os.pathsep.join([str(tmp_path / "b"), "a", ""]),
            "TINTYPE_DATA": "/srv/tintype",
            "TINTYPE_DEVICE": "CUDA:1",
        },
    )
    assert (settings.server.host, settings.server.port) == ("0.0.0.0", 8080)
    assert settings.store.model_roots == (tmp_path / "b", tmp_path / "a", DEMO_TREE)
    assert settings.store.data == Path("/srv/tintype")
    assert settings.engine.device == "cuda:1"


def test_flags_win(tmp_path: Path) -> None:
    """A flag wins over its variable, one that is not given leaves it be."""
    flags = {"port": 1234, "host": None, "models": [tmp_path], "data": Path("kept")}
    environment = {"TINTYPE_PORT": "nonsense", "TINTYPE_HOST": "::1", "TINTYPE_MODELS": "gone"}
    settings = read_settings(flags, environment)
    assert (settings.server.host, settings.server.port) == ("::1", 1234)
    assert settings.store.model_roots == (tmp_path, DEMO_TREE)
    assert settings.store.data == tmp_path / "kept"


def test_empty_counts_as_not_given() -> None:
    """An empty variable, as compose files leave behind, is no value."""
    environment = {f"TINTYPE_{n}": "" for n in ("HOST", "PORT", "MODELS", "DATA", "DEVICE")}
    assert read_settings({"models": []}, environment) == read_settings({}, {})


def test_a_folder_named_twice(tmp_path: Path) -> None:
    """The same folder counts once, where it was named first."""
    flags = {"models": [tmp_path, DEMO_TREE.parent, tmp_path]}
    assert read_settings(flags, {}).store.model_roots == (tmp_path, DEMO_TREE.parent, DEMO_TREE)


@pytest.mark.parametrize(
    ("flags", "environment", "message"),
    [
        ({"port": 70000}, {}, "--port: 70000 is not a port: a whole number from 0 to 65535"),
        ({"port": -1}, {}, "--port: -1 is not a port"),
        ({}, {"TINTYPE_PORT": "http"}, "TINTYPE_PORT: 'http' is not a port"),
        ({"device": "gpu"}, {}, "--device: 'gpu' is not a device: auto, cpu or cuda:N"),
        ({}, {"TINTYPE_DEVICE": "cuda"}, "TINTYPE_DEVICE: 'cuda' is not a device"),
        ({"host": "http://x"}, {}, "--host: 'http://x' is not a host name or address"),
        ({"host": "a..b"}, {}, "--host: 'a..b' is not a host name or address"),
        ({"models": ["gone"]}, {}, "--models: there is no folder "),
        ({}, {"TINTYPE_MODELS": "gone"}, "TINTYPE_MODELS: there is no folder "),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_values(flags: dict[str, object], environment: dict[str, str], message: str) -> None:
    """A value of no use is refused by the name it came under, with what was expected."""
    with pytest.raises(SetupError) as refusal:
        read_settings(flags, environment)
    assert str(refusal.value).startswith(message)


def test_data_folder(tmp_path: Path) -> None:
    """The data folder is made when it is needed, and left empty."""
    folder = tmp_path / "some" / "data"
    prepare_data_folder(folder)
    prepare_data_folder(folder)
    assert list(folder.iterdir()) == []


def test_data_folder_that_cannot_be(tmp_path: Path) -> None:
    """A data folder that cannot be made is refused with the ways to choose another."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(SetupError, match=f"{folder} cannot be written to .* --data or TINTYPE"):
            prepare_data_folder(folder)


def test_no_torch() -> None:
    """None of the rooms around a request brings torch into a process."""
    rooms = "planning, modelstore, imaging, imagestore, settings, keystore"
    code = f"from tintype import {rooms}; from tintype.cli import doctor; import sys"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_folders_the_system_will_not_speak_of(tmp_path: Path) -> None:
    """A name too long for any folder is one that is not there."""
    with pytest.raises(SetupError, match="there is no folder"):
        read_settings({"models": [tmp_path / ("a" * 300)]}, {})


@pytest.mark.parametrize("name", ["models", "data"])
def test_folders_whose_names_are_not_text(tmp_path: Path, name: str) -> None:
    """No client could be told of a file in such a folder, so it is refused at the start."""
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    with pytest.raises(SetupError, match=r"caf\\udce9' has a name that is not UTF-8"):
        read_settings({name: folder}, {})


def test_further_model_folders(tmp_path: Path) -> None:
    """A1111's flags name folders by kind, several if need be, and so do their variables."""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "list.yaml").touch()
    flags = {"ckpt-dir": [tmp_path / "b", tmp_path / "a"], "extra-model-paths": ["list.yaml"]}
    store = read_settings(flags, {"TINTYPE_LORA_DIR": f"c{os.pathsep}a"}).store
    assert store.folders == (
        ("checkpoint", tmp_path / "b"),
        ("checkpoint", tmp_path / "a"),
        ("lora", tmp_path / "c"),
        ("lora", tmp_path / "a"),
    )
    assert store.folder_lists == (tmp_path / "list.yaml",)
    assert store.hashes


@pytest.mark.parametrize("flag", [*FOLDER_FLAGS, "extra-model-paths"])
def test_further_folders_that_are_gone(flag: str) -> None:
    """A folder or list that is not there is refused by the name of its flag."""
    with pytest.raises(SetupError, match=f"--{flag}: there is no f"):
        read_settings({flag: ["gone"]}, {})


def test_no_hashing() -> None:
    """Hashing in the background can be switched off."""
    assert not read_settings({"no-hashing": True}, {}).store.hashes
