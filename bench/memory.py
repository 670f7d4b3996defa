"""Memory of front and worker: after hundreds of pictures, and 20 switches between checkpoints.

Every picture has its own prompt, so what is remembered of prompts fills up to its bounds first.
"""

import shutil
import tempfile
from pathlib import Path

import psutil

from bench.server import Server, serving
from tintype.demo.checkpoint import CHECKPOINT

HUNDREDS, SWITCHES = 4, 20
BODY: dict[str, object] = {"steps": 6, "width": 128, "height": 128, "sampler_name": "Euler"}
MIB = 2**20


def memory(rounds: int) -> dict[str, object]:
    """Resident memory in MiB after warming up, after the pictures and after the switches."""
    del rounds  # one server is enough: the figures are differences within its life
    with tempfile.TemporaryDirectory() as folder:
        names = _two_checkpoints(Path(folder))
        with serving(Path(folder)) as server:
            server.seconds_until("/readyz")
            _paint(server, names, 2 * len(names))
            held = {"warm": _resident(server)}
            for hundred in range(1, HUNDREDS + 1):
                _paint(server, names[:1], 100, hundred)
                held[f"after {hundred}00 pictures"] = _resident(server)
            _paint(server, names, SWITCHES)
            held["after 20 switches"] = _resident(server)
    warm = held["warm"]
    return {
        "resident_mib": held,
        "summary": {
            f"{process} {when}, MiB (warm: {warm[process]})": now[process]
            for when, now in held.items()
            if when != "warm"
            for process in ("front", "worker")
        },
    }


def _two_checkpoints(folder: Path) -> list[str]:
    target = folder / "Stable-diffusion"
    target.mkdir()
    names = ["one", "two"]
    for name in names:
        shutil.copy(CHECKPOINT, target / f"{name}.safetensors")
    return names


def _paint(server: Server, names: list[str], count: int, hundred: int = 0) -> None:
    for number in range(100 * hundred, 100 * hundred + count):
        name = names[number % len(names)]
        override = {"sd_model_checkpoint": name}
        body = BODY | {"prompt": f"picture {number}", "override_settings": override}
        server.paint(body)


def _resident(server: Server) -> dict[str, float]:
    front = psutil.Process(server.pid)
    (worker,) = front.children()
    return {
        "front": round(front.memory_info().rss / MIB, 1),
        "worker": round(worker.memory_info().rss / MIB, 1),
    }
