"""Many clients at once, each wanting one picture, against the same server one picture at a time.

SD 1.5's shapes with random weights at 64², 4 steps, and the demo model at 128², 20 steps. Arms take
turns within a round; every client has its own prompt and seed. Beside that, what diffusers makes of
the same checkpoint, one picture after the other.
"""

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import cast

from bench import peer
from bench.checkpoints import sd15_tree
from bench.server import Server, serving

ALONE, TOGETHER, EXACT = "one at a time", "together", "together, exact"
ARMS = {ALONE: {"TINTYPE_IMAGES_AT_ONCE": "1"}, TOGETHER: {}, EXACT: {"TINTYPE_EXACT": "1"}}
CLIENTS = (8, 32)
SD15, STEPS = "SD 1.5 at 64²", 4
_WARM = 3  # bursts before the clock runs: row budgets are learnt, exact sizes are proven
Body = dict[str, object]


def throughput(rounds: int) -> dict[str, object]:
    """Pictures per second together and one at a time, and their ratio within the rounds."""
    found = _measured((ALONE, TOGETHER), rounds)
    file = sd15_tree() / "Stable-diffusion" / "random-sd15.safetensors"
    rate = float(peer.run("rate", file, peer.config(), CLIENTS[0], STEPS))
    summary = cast("dict[str, object]", found["summary"])
    return found | {"summary": summary | _against(rate, summary)}


def exactness(rounds: int) -> dict[str, object]:
    """What equal bits in any company cost."""
    return _measured((TOGETHER, EXACT), rounds)


def _measured(arms: tuple[str, str], rounds: int) -> dict[str, object]:
    sd15: Body = {
        "steps": STEPS,
        "width": 64,
        "height": 64,
        "sampler_name": "Euler",
        "cfg_scale": 7,
    }
    demo: Body = {"steps": 20, "width": 128, "height": 128, "sampler_name": "Euler"}
    rates: dict[str, dict[str, list[float]]] = {}
    for name, models, body in ((SD15, sd15_tree(), sd15), ("demo at 128²", None, demo)):
        for clients in CLIENTS:
            rates[f"{name}, {clients} clients"] = _rates(arms, models, body, clients, rounds)
    return {"pictures_per_second": rates, "summary": _summary(arms, rates)}


def _against(rate: float, summary: Mapping[str, object]) -> dict[str, object]:
    """Ours next to the rate of diffusers."""
    lines: dict[str, object] = {f"{SD15}, diffusers one at a time: pictures/s": round(rate, 3)}
    for clients in CLIENTS:
        ours = cast("float", summary[f"{SD15}, {clients} clients, {TOGETHER}: pictures/s"])
        lines[f"{SD15}, {clients} clients: × diffusers one at a time"] = round(ours / rate, 2)
    return lines


def _rates(
    arms: tuple[str, str], models: Path | None, body: Body, clients: int, rounds: int
) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {arm: [] for arm in arms}
    first, second = (ARMS[arm] for arm in arms)
    with serving(models, None, **first) as one, serving(models, None, **second) as other:
        servers = dict(zip(arms, (one, other), strict=True))
        for arm, server in servers.items():
            server.seconds_until("/readyz")
            for _ in range(1 if arm == ALONE else _WARM):
                _burst(server, body, min(clients, 4) if arm == ALONE else clients, 0)
        for number in range(rounds):
            for arm, server in servers.items():
                seconds = _burst(server, body, clients, 1000 * (number + 1))
                found[arm].append(clients / seconds)
    return found


def _burst(server: Server, body: Body, clients: int, seed: int) -> float:
    """Seconds until so many clients, all at once, have their pictures."""
    bodies = [
        body | {"seed": seed + i, "prompt": f"a red star, number {seed + i}"}
        for i in range(clients)
    ]
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(server.paint, bodies))
    return time.perf_counter() - began


def _summary(arms: tuple[str, str], rates: dict[str, dict[str, list[float]]]) -> dict[str, object]:
    lines: dict[str, object] = {}
    first, second = arms
    for name, found in rates.items():
        ratio = median(b / a for a, b in zip(found[first], found[second], strict=True))
        for arm in arms:
            lines[f"{name}, {arm}: pictures/s"] = round(median(found[arm]), 3)
        if second == EXACT:
            lines[f"{name}: cost of exact, % (goal 10)"] = round(100 * (1 - ratio), 1)
        else:
            lines[f"{name}: × one at a time (goal 3 for SD 1.5)"] = round(ratio, 2)
    return lines
