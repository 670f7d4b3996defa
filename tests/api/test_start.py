"""What the front process may not do while it starts."""

import subprocess
import sys

from tests.fakes.front import FAKE_WORKER

BUILD = """
import sys
from pathlib import Path
from tintype.core.settings import EngineConfig, Limits, ServerConfig, StoreConfig
from tintype.jobs import EmbeddedConfig
from tintype.modelstore import ModelStore
from tintype.settings import Settings
from tintype.wiring import build_services
from tintype.server import create_app
import tintype.server.serving

folder = Path(sys.argv[1])
settings = Settings(
    ServerConfig(), EngineConfig(), StoreConfig((folder,), folder / "data"), Limits()
)
services = build_services(settings, ModelStore((folder,)), EmbeddedConfig(tuple(sys.argv[2:])))
create_app(services)
slow = {"torch", "PIL", "numpy", "rich", "typer", "httpx", "celery", "prometheus_client"}
print(sorted(slow & set(sys.modules)))
"""


def test_front_starts_without_torch(tmp_path: object) -> None:
    """A fresh interpreter that has built the application has imported nothing slow."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path), *FAKE_WORKER],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout.strip(), done.stderr) == ("[]", "")
