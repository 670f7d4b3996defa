"""Cold start: from exec to the first answer, to a ready worker, to the first picture.

The yardstick T is `python -c "import torch"`, measured between the rounds: whoever computes with
torch cannot be ready sooner.
"""

import subprocess
import sys
import time
from statistics import median

from bench.server import serving

PICTURE: dict[str, object] = {
    "prompt": "a red star on a blue background",
    "seed": 1,
    "steps": 20,
    "width": 256,
    "height": 256,
    "sampler_name": "DPM++ 2M Karras",
}


def cold_start(rounds: int) -> dict[str, object]:
    """Medians over `rounds` starts, in seconds, and how they compare with T and the goals."""
    import_torch: list[float] = []
    port: list[float] = []
    ready: list[float] = []
    picture: list[float] = []
    for _ in range(rounds):
        import_torch.append(_seconds_to_import_torch())
        with serving() as server:
            port.append(server.seconds_until("/healthz"))
        with serving() as server:
            ready.append(server.seconds_until("/readyz"))
        with serving() as server:
            server.paint_when_listening(PICTURE)
            picture.append(time.perf_counter() - server.started)
    yardstick = median(import_torch)
    return {
        "seconds": {
            "import_torch": import_torch,
            "port_answers": port,
            "worker_ready": ready,
            "first_picture": picture,
        },
        "summary": {
            "T: import torch, s": round(yardstick, 3),
            "port answers, s (goal 0.7)": round(median(port), 3),
            "worker ready - T, s (goal 1.0)": round(median(ready) - yardstick, 3),
            "first 256² 20-step picture - T, s (goal 4)": round(median(picture) - yardstick, 3),
            "worker ready / T": round(median(ready) / yardstick, 2),
        },
    }


def _seconds_to_import_torch() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return time.perf_counter() - began
