"""Before a job runs: will it fit, and how long will it take?

Everything rests on what a worker has measured of its own passes. A size that was never measured is
reckoned from one that was, by its number of cells; a checkpoint that was never measured is not
guessed at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tintype.core.jobs import Tally
from tintype.core.measures import Kind, Measure
from tintype.core.orders import Network
from tintype.core.requests import Plan
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.samplers import evaluations, find_sampler

MEMORY_SHARE = 0.9  # of what there is; the rest belongs to the system
_CELL = 8  # pixels


@dataclass(frozen=True, slots=True)
class Forecast:
    """What can be said beforehand.

    Attributes:
        fits: whether memory will do; None where nothing was measured.
        seconds: once it runs alone; None where nothing was measured.
        wait_seconds: until it begins, by the jobs before it; None where that is not known.
        by_phase: `seconds` taken apart: load, denoise, decode.
        memory_bytes: highest need, weights included; None where nothing was measured.
        memory_total_bytes: what there is.
        why: on what the answer rests, in words.
    """

    fits: bool | None
    seconds: float | None
    wait_seconds: float | None
    by_phase: dict[str, float]
    memory_bytes: int | None
    memory_total_bytes: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pass:
    """Calls of one kind at one size."""

    checkpoint: Path
    kind: Kind
    width: int
    height: int
    calls: float
    rows: int


def forecast(plans: Sequence[Plan], tally: Tally, wait_seconds: float | None = None) -> Forecast:
    """What to expect of a job's plans.

    Args:
        plans: at least one.
        tally: the worker's newest, with its measures.
        wait_seconds: until the queue before it is done.
    """
    passes = [one for plan in plans for one in _passes(plan, len(plans))]
    found = [_Found.of(one, tally.measures) for one in passes]
    loads, load_seconds = _loads(plans, tally)
    why = tuple(dict.fromkeys([*loads, *(text for one in found for text in one.why)]))
    if any(one.seconds is None for one in found):
        return Forecast(None, None, wait_seconds, {}, None, tally.memory_total_bytes, why)
    by_phase = {"load": load_seconds, "denoise": 0.0, "decode": 0.0}
    for one in found:
        by_phase["denoise" if one.kind == "denoise" else "decode"] += one.seconds or 0.0
    need = _weights(plans, tally) + max(one.peak_bytes for one in found)
    fits = need <= MEMORY_SHARE * tally.memory_total_bytes if tally.memory_total_bytes else None
    total = sum(by_phase.values())
    memory = tally.memory_total_bytes
    return Forecast(fits, total, wait_seconds, by_phase, need, memory, (*why, _words(need, memory)))


@dataclass(frozen=True, slots=True)
class _Found:
    """What the measures say of a kind of pass; `seconds` of all its calls, or None."""

    kind: Kind
    seconds: float | None
    peak_bytes: int
    why: tuple[str, ...]

    @classmethod
    def of(cls, wanted: _Pass, measures: Sequence[Measure]) -> "_Found":
        name = wanted.checkpoint.stem
        known = [m for m in measures if m.checkpoint == name and m.kind == wanted.kind]
        if not known:
            text = f"no {wanted.kind} of {name} was measured yet; one picture of any size will tell"
            return cls(wanted.kind, None, 0, (text,))
        cells = wanted.width * wanted.height
        nearest = min(known, key=lambda m: (_apart(m, cells), abs(m.rows - wanted.rows)))
        by_size = cells / (nearest.width * nearest.height)
        by_rows = max(1.0, wanted.rows / nearest.rows)
        seconds = nearest.seconds * by_size * by_rows * wanted.calls
        size = f"{_CELL * nearest.width}×{_CELL * nearest.height}"
        rests = f"{nearest.passes} passes of {wanted.kind} measured at {size}"
        scaled = "" if by_size == 1 else ", reckoned by the number of cells"
        peak = int(nearest.peak_bytes * by_size * by_rows)
        return cls(wanted.kind, seconds, peak, (rests + scaled,))


def _apart(measure: Measure, cells: int) -> float:
    """How far a measured size is from another, as a factor of at least 1."""
    there = measure.width * measure.height
    return max(there, cells) / min(there, cells)


def _passes(plan: Plan, company: int) -> list[_Pass]:
    """The passes of one picture, as its share of those that its siblings are in as well."""
    rows = 1 if plan.guidance.cfg_scale == 1 else 2
    file = plan.network.checkpoint.path
    width, height = plan.width // _CELL, plan.height // _CELL
    strength = 1.0 if plan.init is None or plan.init.fixes_steps else plan.init.denoising_strength
    calls = _calls(plan.settings) * strength / company
    passes = [_Pass(file, "denoise", width, height, calls, rows * company)]
    if plan.hires is not None:
        size, hires = plan.hires.size, plan.hires
        file = hires.network.checkpoint.path
        width, height = size.width // _CELL, size.height // _CELL
        calls = _calls(hires.settings) / company
        passes.append(_Pass(file, "denoise", width, height, calls, rows * company))
    return [*passes, _Pass(file, "decode", width, height, 1, 1)]


def _calls(settings: SamplerSettings) -> int:
    return evaluations(find_sampler(settings.sampler)[0], settings.steps)


def _networks(plans: Sequence[Plan]) -> dict[Path, Network]:
    found = [plan.network for plan in plans]
    found += [plan.hires.network for plan in plans if plan.hires is not None]
    found += [plan.refiner.network for plan in plans if plan.refiner is not None]
    return {network.checkpoint.path: network for network in found}


def _loads(plans: Sequence[Plan], tally: Tally) -> tuple[list[str], float]:
    """What must be read from disk first, in words, and how long that takes by what it took."""
    each = tally.load_seconds / tally.loads if tally.loads else 0.0
    missing = [path.stem for path in _networks(plans) if path.stem not in tally.resident]
    return [f"{name} must be read from disk first" for name in missing], each * len(missing)


def _weights(plans: Sequence[Plan], tally: Tally) -> int:
    """Weights that will be in memory: what is there, and what comes to it."""
    networks = _networks(plans).values()
    coming = [n.checkpoint.bytes for n in networks if n.checkpoint.path.stem not in tally.resident]
    return tally.resident_bytes + sum(coming)


def _words(need: int, memory: int) -> str:
    return f"about {need / 2**30:.2f} GiB of memory of {memory / 2**30:.2f} GiB"
