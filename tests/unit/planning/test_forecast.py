"""What is said of a job before it runs."""

from dataclasses import replace

import pytest
from tests.fakes.plans import NOWHERE, small_plan

from tintype.core.jobs import Tally
from tintype.core.measures import Kind, Measure
from tintype.core.requests import Plan
from tintype.planning import forecast

GIB = 2**30
PLAN = small_plan(steps=20, width=512, height=512)


def measure(kind: Kind, size: int, rows: int, seconds: float, peak: int = 0) -> Measure:
    return Measure(NOWHERE.stem, kind, size, size, rows, 9, seconds, peak)


def told(*measures: Measure, resident: bool = True, memory: int = 8 * GIB) -> Tally:
    return Tally(
        measures=measures,
        resident=(NOWHERE.stem,) if resident else (),
        resident_bytes=2 * GIB,
        memory_total_bytes=memory,
        loads=2,
        load_seconds=3.0,
    )


DENOISE, DECODE = measure("denoise", 64, 2, 0.5, GIB), measure("decode", 64, 1, 1.0, 2 * GIB)


def test_measured_sizes_are_added_up() -> None:
    """Twenty steps of half a second and a decoding of one are eleven seconds."""
    found = forecast([PLAN], told(DENOISE, DECODE), wait_seconds=4.0)
    assert found.fits
    assert found.seconds == pytest.approx(11.0)
    assert found.by_phase == pytest.approx({"load": 0.0, "denoise": 10.0, "decode": 1.0})
    assert found.wait_seconds == 4.0
    assert found.memory_bytes == 4 * GIB


def test_other_sizes_are_reckoned_by_cells() -> None:
    """A size nobody measured takes as much longer as it has more cells, and the answer says so."""
    larger = replace(PLAN, width=1024, height=512)
    found = forecast([larger], told(DENOISE, DECODE))
    assert found.seconds == pytest.approx(22.0)
    assert any("reckoned by the number of cells" in text for text in found.why)


def test_the_nearest_measure_counts() -> None:
    """Of several measured sizes the one nearest to the picture's is believed."""
    found = forecast([PLAN], told(measure("denoise", 8, 2, 9.0), DENOISE, DECODE))
    assert found.seconds == pytest.approx(11.0)


def test_nothing_is_guessed_of_a_checkpoint_never_measured() -> None:
    """Without a measure the answer is that nobody knows, and how to find out."""
    found = forecast([PLAN], told())
    assert found.fits is None
    assert found.seconds is None
    assert any("one picture of any size will tell" in text for text in found.why)


def test_too_large_for_memory() -> None:
    """What needs more than nine tenths of the memory does not fit."""
    found = forecast([PLAN], told(DENOISE, DECODE, memory=4 * GIB))
    assert found.fits is False


def test_a_checkpoint_on_disk_must_be_read() -> None:
    """Its reading takes as long as readings took so far, and its weights come to the others."""
    record = replace(NOWHERE, bytes=GIB)
    plan = replace(PLAN, network=replace(PLAN.network, checkpoint=record))
    found = forecast([plan], told(DENOISE, DECODE, resident=False))
    assert found.by_phase["load"] == pytest.approx(1.5)
    assert found.memory_bytes == 5 * GIB


@pytest.mark.parametrize(
    ("plan", "steps"),
    [
        (replace(PLAN, settings=replace(PLAN.settings, sampler="Heun")), 40),
        (replace(PLAN, settings=replace(PLAN.settings, steps=7)), 7),
    ],
)
def test_calls_are_those_of_the_sampler(plan: Plan, steps: int) -> None:
    """Samplers that ask twice a step take twice as long."""
    found = forecast([plan], told(DENOISE, DECODE))
    assert found.by_phase["denoise"] == pytest.approx(0.5 * steps)


def test_siblings_share_passes() -> None:
    """Four images at once are reckoned by passes of eight rows, where these were measured."""
    together = measure("denoise", 64, 8, 0.8, 4 * GIB)
    found = forecast([PLAN] * 4, told(DENOISE, together, DECODE))
    assert found.by_phase["denoise"] == pytest.approx(20 * 0.8)
