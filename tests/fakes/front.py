"""A real front process with the fake worker, on a free port: what api and fault tests talk to."""

import json
import subprocess
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import httpx
from tests.fakes.pictures import as_text
from tests.fakes.waiting import until

FAKE_WORKER = (sys.executable, str(Path(__file__).parent / "worker.py"))
CHECKPOINTS = ("alpha.safetensors", "people/beta.safetensors")


@dataclass(frozen=True)
class Front:
    """A running front process.

    Attributes:
        process: it.
        url: where it serves, without a slash at the end.
        folder: data, models, logs and gate, all in a temporary folder.
        http: a client for it.
    """

    process: subprocess.Popen[str]
    url: str
    folder: Path
    http: httpx.Client

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return str(self.http.base_url.host), self.http.base_url.port or 80

    @property
    def gate(self) -> Path:
        """Held jobs go on once this file exists."""
        return self.folder / "gate"

    @property
    def log(self) -> str:
        """Everything the front and its worker have logged."""
        return (self.folder / "log").read_text()

    def ready(self) -> dict[str, Any]:
        """What /readyz says now."""
        return self.http.get("/readyz").json()

    def txt2img(self, prompt: str = "a cat", **fields: Any) -> httpx.Response:
        """A small quick picture."""
        body = {"prompt": prompt, "steps": 2, "width": 64, "height": 64, "seed": 7} | fields
        return self.http.post("/sdapi/v1/txt2img", json=body)

    def img2img(self, *pictures: bytes, **fields: Any) -> httpx.Response:
        """A small quick picture from others."""
        body = {"steps": 2, "width": 64, "height": 64, "seed": 7} | fields
        if pictures:
            body["init_images"] = [as_text(picture) for picture in pictures]
        return self.http.post("/sdapi/v1/img2img", json=body)

    def progress(self) -> dict[str, Any]:
        """What /sdapi/v1/progress says now."""
        return self.http.get("/sdapi/v1/progress").json()

    def wait_until_ready(self) -> dict[str, Any]:
        """Wait for the worker, and return what /readyz says then."""
        return until(lambda: (seen := self.ready())["ready"] and seen)

    def wait_until_held(self) -> None:
        """Wait until a job with "hold" in its prompt is in the middle of its picture."""
        until(lambda: self.progress()["state"]["sampling_step"] == 1)


def make_models(folder: Path) -> Path:
    """A model folder with files nobody will load."""
    checkpoints = folder / "models" / "Stable-diffusion"
    for name in CHECKPOINTS:
        path = checkpoints / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder


def start_front(
    folder: Path, command: Sequence[str] | None = None, port: int = 0, **options: Any
) -> subprocess.Popen[str]:
    """Start a front process; use `running_front` unless it is expected not to serve.

    Args:
        folder: temporary; gets data, models and log.
        command: another worker command than the fake one.
        port: 0 for a free one.
        options: `jobs` (of `JobsConfig`), `limits` (of `Limits`), `log` (of `LogConfig`),
            `server` (of `ServerConfig`),
            `trust` (of `TrustConfig`), `webhooks` (of `WebhookConfig`) and `worker` (of
            `EmbeddedConfig`), as dicts; `vae_path` of an autoencoder for every checkpoint, and
            `styles_files`, as in `StoreConfig`.
    """
    fake = [*FAKE_WORKER, "--gate", str(folder / "gate")]
    told = {
        "port": port,
        "data": str(folder / "data"),
        "models": str(make_models(folder)),
        "limits": options.get("limits", {}),
        "command": list(command or fake),
        "worker": options.get("worker", {}),
        "log": options.get("log", {}),
        "server": options.get("server", {}),
        "trust": options.get("trust", {}),
        "jobs": options.get("jobs", {}),
        "webhooks": options.get("webhooks", {}),
        "vae_path": options.get("vae_path"),
        "styles_files": options.get("styles_files", []),
    }
    with (folder / "log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.front", json.dumps(told)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


@contextmanager
def running_front(
    folder: Path, command: Sequence[str] | None = None, **options: Any
) -> Generator[Front]:
    """A front process that serves; ended at the end of the block. Arguments as `start_front`."""
    with start_front(folder, command, **options) as process, httpx.Client() as http:
        assert process.stdout is not None
        try:
            url = _url(process.stdout)
            http.base_url, http.timeout = httpx.URL(url), httpx.Timeout(60.0)
            yield Front(process, url, folder, http)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            process.kill()


def is_alive(pid: int) -> bool:
    """Whether a process runs that is no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def _url(output: IO[str]) -> str:
    for line in output:
        if " is serving on " in line:
            return line.split()[-1]
    raise AssertionError("the front ended before it served")


def _serve(told: dict[str, Any], serve: Callable[..., None]) -> None:
    from tintype.core.settings import (
        EngineConfig,
        JobsConfig,
        Limits,
        LogConfig,
        ServerConfig,
        StoreConfig,
        TrustConfig,
        WebhookConfig,
    )
    from tintype.jobs import EmbeddedConfig
    from tintype.settings import Settings

    only_vae = told["vae_path"] and Path(told["vae_path"])
    styles = tuple(Path(path) for path in told["styles_files"])
    settings = Settings(
        server=ServerConfig(port=told["port"], **told["server"]),
        engine=EngineConfig(device="cpu"),
        store=StoreConfig(
            (Path(told["models"]),), Path(told["data"]), vae_path=only_vae, styles_files=styles
        ),
        limits=Limits(**told["limits"]),
        jobs=JobsConfig(**told["jobs"]),
        log=LogConfig(**told["log"]),
        trust=TrustConfig(**told["trust"]),
        webhooks=WebhookConfig(**told["webhooks"]),
    )
    serve(settings, EmbeddedConfig(tuple(told["command"]), **told["worker"]))


if __name__ == "__main__":
    from tintype.wiring import serve

    _serve(json.loads(sys.argv[1]), serve)
