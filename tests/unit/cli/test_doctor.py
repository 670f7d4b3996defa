import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tintype.cli.doctor import Finding, examine
from tintype.core.settings import EngineConfig, ServerConfig, StoreConfig
from tintype.settings import DEMO_TREE, Settings, read_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A machine with a model folder, a place for data and any free port."""
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.safetensors").touch()
    flags = {"models": [tmp_path / "models"], "data": tmp_path / "data", "port": 0}
    return read_settings({**flags, "device": "cpu"}, {})


def about(words: str, settings: Settings) -> Finding:
    (finding,) = (finding for finding in examine(settings) if words in finding.what)
    return finding


def test_a_good_machine(settings: Settings) -> None:
    """Everything a start needs is looked at, and nothing is written."""
    assert about("Python 3.", settings).state == "ok"
    assert about("torch ", settings).state == "ok"
    assert about("on the CPU, as asked", settings).state == "ok"
    assert about("GiB of memory", settings)
    assert about("GiB of free disk", settings)
    assert about("1 checkpoint in ", settings).state == "ok"
    assert about("the demo model is", settings)
    assert about("can be written to", settings).state == "ok"
    assert about("is free to listen on", settings).state == "ok"
    assert not settings.store.data.exists()


def test_a_port_in_use(settings: Settings) -> None:
    """A port somebody listens on is a problem with a way out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        finding = about("in use", replace(settings, server=ServerConfig(port=port)))
    assert (finding.state, finding.advice) == ("problem", "choose another with --port")


def test_an_address_of_another_machine(settings: Settings) -> None:
    """An address this machine does not have is a problem too."""
    elsewhere = replace(settings, server=ServerConfig(host="192.0.2.1"))
    assert about("192.0.2.1", elsewhere).state == "problem"


def test_folders_without_checkpoints(settings: Settings, tmp_path: Path) -> None:
    """A model folder of no use is a warning, for there may be others."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "tree" / "Stable-diffusion").mkdir(parents=True)
    roots = (tmp_path / "empty", tmp_path / "tree", DEMO_TREE)
    poor = replace(settings, store=StoreConfig(roots, settings.store.data))
    assert about("no checkpoint folder in", poor).state == "warning"
    assert about("0 checkpoints in", poor).state == "warning"


def test_a_data_folder_that_cannot_be(settings: Settings, tmp_path: Path) -> None:
    """A data folder below a file is a problem, found without trying to make it."""
    (tmp_path / "file").touch()
    store = replace(settings.store, data=tmp_path / "file" / "data")
    assert about("cannot be written to", replace(settings, store=store)).state == "problem"


def test_a_device_that_is_not_there(settings: Settings) -> None:
    """Every finding that is not fine says what to do, whatever device is asked for."""
    for device in ("auto", "cuda:7"):
        findings = examine(replace(settings, engine=EngineConfig(device=device)))
        assert all(finding.advice for finding in findings if finding.state == "problem")


def test_a_data_folder_that_is_a_broken_link(settings: Settings, tmp_path: Path) -> None:
    """A link to nowhere is no place for data, though the folder it stands in is."""
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    store = replace(settings.store, data=tmp_path / "link")
    assert about("cannot be written to", replace(settings, store=store)).state == "problem"
