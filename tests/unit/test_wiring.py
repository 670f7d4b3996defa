"""How the front process is put together."""

import socket
from pathlib import Path

from tests.fakes.front import make_models

from tintype.core.settings import ServerConfig, StoreConfig
from tintype.modelstore import ModelStore
from tintype.optionstore import OPTIONS_FILE, JsonFile
from tintype.wiring import first_checkpoint, listen


def test_answers_are_not_held_back() -> None:
    """Connections send at once: head and body of an answer do not wait for each other."""
    with listen(ServerConfig(port=0)) as listener:
        with socket.create_connection(listener.getsockname()):
            connection, _ = listener.accept()
        with connection:
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_worker_begins_with_the_checkpoint_that_was_set(tmp_path: Path) -> None:
    """The one in `options.json`; the first there is where that says nothing that can be had."""
    folder = make_models(tmp_path)
    config, models = StoreConfig((folder,), tmp_path / "data"), ModelStore([folder])
    file = JsonFile(tmp_path / "data" / OPTIONS_FILE)

    assert first_checkpoint(config, models) == models.find("alpha").path
    file.write({"sd_model_checkpoint": "beta"})
    assert first_checkpoint(config, models) == models.find("beta").path
    file.write({"sd_model_checkpoint": "gone"})
    assert first_checkpoint(config, models) == models.find("alpha").path
