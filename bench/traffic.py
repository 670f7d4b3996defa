"""Recorded mixed traffic on one engine: everything at once, one at a time, and in static batches.

Requests arrive as a Poisson process with a fixed seed; steps, samplers, sizes and guidance differ.
Work is counted in row-steps, each weighted by the seconds it takes in full homogeneous batches of
its size, measured in the same run; an arm's throughput is that work per second of its busy time.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

import torch

from tintype.core.requests import GuidanceSettings, Plan, Request
from tintype.core.settings import EngineConfig, Limits
from tintype.engine import Engine, Finished
from tintype.modelstore import ModelStore
from tintype.planning import Library, plan, random_seed
from tintype.recipes import expected_calls, painted
from tintype.settings import DEMO_TREE
from tintype.worker.start import Workshop

SIZES = ((128, 128), (128, 192), (192, 128))
SAMPLERS = ("Euler", "Euler a", "DPM++ 2M", "DDIM")
STEPS = (8, 24)
UNGUIDED = 0.15  # share of requests at CFG 1
REQUESTS = 80
LOADS = (0.7, 0.9)  # of what full homogeneous batches do
STATIC_WAIT_SECONDS = 0.05
HOMOGENEOUS, HOMOGENEOUS_STEPS = 24, 16


@dataclass(frozen=True, slots=True)
class Arrival:
    """A request of the trace, `after` seconds from its start at a load of 1."""

    after: float
    plan: Plan

    @property
    def row_steps(self) -> int:
        """Rows it fills in all its calls."""
        return (1 if self.plan.guidance.cfg_scale == 1 else 2) * expected_calls(self.plan)


class Bench:
    """An engine on the demo model."""

    def __init__(self) -> None:
        torch.set_num_threads(1)
        self.workshop = Workshop(EngineConfig("cpu", threads=1))
        self.library = Library(ModelStore([DEMO_TREE]))

    def plan(self, random: Random, size: tuple[int, int], steps: int, sampler: str) -> Plan:
        """One picture."""
        cfg_scale = 1.0 if random.random() < UNGUIDED else random.uniform(3, 12)
        request = Request(
            prompt=f"a {random.choice(('red', 'blue', 'green'))} star",
            seed=random.randrange(10**6),
            width=size[0],
            height=size[1],
            steps=steps,
            sampler=sampler,
            guidance=GuidanceSettings(cfg_scale),
        )
        return plan(request, library=self.library, draw_seed=random_seed, limits=Limits())[0]

    @property
    def engine(self) -> Engine:
        """The one engine; idle between arms."""
        return self.workshop.engine


def traffic(rounds: int) -> dict[str, object]:
    """Throughput at a backlog, and latencies at several loads, of three ways to serve."""
    bench, random = Bench(), Random(2026)
    weights = {size: _row_step_seconds(bench, size) for size in SIZES}
    trace = _trace(bench, random, weights)
    work = sum(a.row_steps * weights[a.plan.width, a.plan.height] for a in trace)
    unloaded = {id(a): _alone(bench, a) for a in trace}
    arms: dict[str, Callable[[Bench, Sequence[Arrival], float], dict[int, float]]] = {
        "together": _together,
        "one at a time": _one_at_a_time,
        "static batches": _static_batches,
    }
    shares: dict[str, list[float]] = {arm: [] for arm in arms}
    slowdowns: dict[str, dict[str, list[float]]] = {arm: {} for arm in arms}
    for _ in range(rounds):
        for arm, serve in arms.items():
            began = time.perf_counter()
            serve(bench, trace, 1e9)
            shares[arm].append(work / (time.perf_counter() - began))
            for load in LOADS:
                latencies = serve(bench, trace, load)
                ratios = [seconds / unloaded[which] for which, seconds in latencies.items()]
                slowdowns[arm].setdefault(f"{load:.0%}", []).extend(ratios)
    return {
        "seconds_per_row_step": {f"{w}×{h}": seconds for (w, h), seconds in weights.items()},
        "share_of_homogeneous": shares,
        "summary": _summary(shares, slowdowns),
    }


def _summary(
    shares: dict[str, list[float]], slowdowns: dict[str, dict[str, list[float]]]
) -> dict[str, object]:
    lines: dict[str, object] = {}
    for arm, values in shares.items():
        lines[f"{arm}: throughput, % of homogeneous batches"] = round(100 * median(values), 1)
        for load, ratios in slowdowns[arm].items():
            ordered = sorted(ratios)
            middle, late = ordered[len(ordered) // 2], ordered[int(0.99 * (len(ordered) - 1))]
            lines[f"{arm}: latency at {load} load, × unloaded, p50 / p99"] = (
                f"{middle:.1f} / {late:.1f}"
            )
    return lines


def _row_step_seconds(bench: Bench, size: tuple[int, int]) -> float:
    """Seconds of a row's step in full batches of one size, samplers and decoding included."""
    random = Random(1)
    best = float("inf")
    for _ in range(3):
        plans = [bench.plan(random, size, HOMOGENEOUS_STEPS, "Euler") for _ in range(HOMOGENEOUS)]
        arrivals = [Arrival(0.0, one) for one in plans]
        began = time.perf_counter()
        _together(bench, arrivals, 1e9)
        seconds = time.perf_counter() - began
        best = min(best, seconds / sum(a.row_steps for a in arrivals))
    return best


def _trace(bench: Bench, random: Random, weights: dict[tuple[int, int], float]) -> list[Arrival]:
    """Requests that together arrive as fast as homogeneous batches could serve them."""
    plans = [
        bench.plan(random, random.choice(SIZES), random.randint(*STEPS), random.choice(SAMPLERS))
        for _ in range(REQUESTS)
    ]
    work = [Arrival(0.0, p).row_steps * weights[p.width, p.height] for p in plans]
    mean, after = sum(work) / len(work), 0.0
    trace: list[Arrival] = []
    for one in plans:
        after += random.expovariate(1 / mean)
        trace.append(Arrival(after, one))
    return trace


def _alone(bench: Bench, arrival: Arrival) -> float:
    began = time.perf_counter()
    _run(bench, [arrival])
    return time.perf_counter() - began


def _run(bench: Bench, batch: Sequence[Arrival]) -> None:
    for arrival in batch:
        bench.engine.submit(id(arrival), painted(arrival.plan))
    while not bench.engine.is_idle:
        bench.engine.tick()


def _together(bench: Bench, trace: Sequence[Arrival], load: float) -> dict[int, float]:
    began, waiting, latencies = time.perf_counter(), list(trace), dict[int, float]()
    due = {id(a): a.after / load for a in trace}
    while waiting or not bench.engine.is_idle:
        now = time.perf_counter() - began
        while waiting and due[id(waiting[0])] <= now:
            arrival = waiting.pop(0)
            bench.engine.submit(id(arrival), painted(arrival.plan))
        if bench.engine.is_idle:
            time.sleep(max(0.0, due[id(waiting[0])] - now))
            continue
        for outcome in bench.engine.tick():
            if isinstance(outcome, Finished):
                which = outcome.task
                assert isinstance(which, int)
                latencies[which] = time.perf_counter() - began - due[which]
    return latencies


def _one_at_a_time(bench: Bench, trace: Sequence[Arrival], load: float) -> dict[int, float]:
    return _in_batches(bench, trace, load, lambda waiting: waiting[:1], 0.0)


def _static_batches(bench: Bench, trace: Sequence[Arrival], load: float) -> dict[int, float]:
    """Requests of one size and number of steps go together, after a wait for company."""

    def alike(waiting: Sequence[Arrival]) -> Sequence[Arrival]:
        return [a for a in waiting if _kind(a) == _kind(waiting[0])][:16]

    return _in_batches(bench, trace, load, alike, STATIC_WAIT_SECONDS)


def _kind(arrival: Arrival) -> tuple[object, ...]:
    one = arrival.plan
    return one.width, one.height, one.settings.steps, one.guidance.cfg_scale == 1


def _in_batches(
    bench: Bench,
    trace: Sequence[Arrival],
    load: float,
    choose: Callable[[Sequence[Arrival]], Sequence[Arrival]],
    wait: float,
) -> dict[int, float]:
    began, coming, latencies = time.perf_counter(), list(trace), dict[int, float]()
    waiting: list[Arrival] = []
    while coming or waiting:
        now = time.perf_counter() - began
        while coming and coming[0].after / load <= now:
            waiting.append(coming.pop(0))
        if not waiting or (coming and now - waiting[0].after / load < wait):
            time.sleep(0.001)
            continue
        batch = choose(waiting)
        _run(bench, batch)
        done = time.perf_counter() - began
        for arrival in batch:
            waiting.remove(arrival)
            latencies[id(arrival)] = done - arrival.after / load
    return latencies
