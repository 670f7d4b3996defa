"""What samplers and prompts cost beside the networks: 20 steps on the recorded tiny checkpoint.

Overhead is the time of a picture outside forward passes: reading the prompts, planning, noise,
sampler arithmetic and the engine's own bookkeeping.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import torch

from tintype.core.jobs import Event, ImageDone, Job, JobDone, JobFailed, Timings
from tintype.core.requests import Plan, Request
from tintype.core.samplers import SAMPLERS
from tintype.core.settings import EngineConfig, Limits
from tintype.modelstore import ModelStore
from tintype.planning import Library, plan, random_seed
from tintype.worker.runner import JobRunner
from tintype.worker.start import Workshop

TREE = Path(__file__).parents[1] / "tests" / "golden" / "a1111" / "tree"
SIDE, STEPS = 256, 20
PROMPT = "a (red:1.2) [cat|dog] in a garden, [morning:evening:0.5] light, masterpiece, sharp"
NEGATIVE = "blurry, (low quality:1.3), watermark"


class Bench:
    """An engine on one thread with the tiny checkpoint in memory."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.workshop = Workshop(EngineConfig("cpu", threads=1))
        self.library = Library(ModelStore([TREE]))

    def plans(self, sampler: str, seed: int) -> tuple[Plan, ...]:
        """One picture; prompts differ so that no encoding is remembered."""
        request = Request(
            prompt=f"{PROMPT}, {seed}",
            negative_prompt=f"{NEGATIVE}, {seed}",
            seed=seed,
            sampler=sampler,
            steps=STEPS,
            width=SIDE,
            height=SIDE,
        )
        return plan(request, library=self.library, draw_seed=random_seed, limits=Limits())

    def run(self, samplers: Sequence[str], seed: int) -> tuple[float, float]:
        """Seconds in all, and inside networks, of one picture of each sampler in company."""
        inside: list[Timings] = []

        def note(event: Event) -> None:
            if isinstance(event, JobFailed):
                raise RuntimeError(event.message)
            if isinstance(event, JobDone):
                inside.append(event.timings)
            assert not isinstance(event, ImageDone) or event.pixels.width == SIDE

        started = time.perf_counter()
        runner = JobRunner(self.workshop.engine, note)
        for number, sampler in enumerate(samplers):
            runner.submit(Job(str(number), self.plans(sampler, seed + number)))
        while not runner.is_idle:
            runner.tick()
        total = time.perf_counter() - started
        networks = max(t.encode + t.denoise + t.decode for t in inside)
        return total, networks


def sampling(rounds: int) -> dict[str, object]:
    """Overhead of every sampler alone, and what Brownian noise costs its company."""
    bench = Bench()
    bench.run(["Euler"], 0)
    shares: dict[str, float] = {}
    for sampler in SAMPLERS:
        timed = [bench.run([sampler.name], 100 * (k + 1)) for k in range(rounds)]
        shares[sampler.name] = median(100 * (1 - inside / total) for total, inside in timed)
    plain, mixed = ["Euler"] * 4, ["Euler", "DPM++ 2M SDE"] * 2
    ratios = [
        bench.run(mixed, 1000 * (k + 1))[0] / bench.run(plain, 1000 * (k + 1) + 500)[0]
        for k in range(rounds)
    ]
    worst = max(shares, key=lambda name: shares[name])
    return {
        "overhead_percent": {name: round(share, 2) for name, share in shares.items()},
        "summary": {
            "outside networks, median of samplers, % (goal 3)": round(median(shares.values()), 2),
            f"outside networks, worst ({worst}), %": round(shares[worst], 2),
            "Euler beside Brownian noise / beside Euler (goal 1)": round(median(ratios), 3),
        },
    }
