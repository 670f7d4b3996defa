"""Jobs and servers as others see them, made up for tests of what is told about them."""

from dataclasses import replace
from typing import Any

from tintype.core.jobs import Tally, Timings
from tintype.core.measures import Measure
from tintype.jobs import JobView, Waiting, WorkerView
from tintype.server.seeing.counts import Counts
from tintype.server.seeing.snapshot import Snapshot

NOW = 1_772_366_400.0  # 2026-03-01T12:00:00Z

_DONE = JobView(
    id="j1",
    owner="ana",
    dialect="sdapi/txt2img",
    priority="normal",
    state="done",
    place=None,
    attempts=1,
    images=2,
    steps=((20, 20), (20, 20)),
    finished=frozenset((0, 1)),
    created=NOW - 10,
    started=NOW - 9.5,
    ended=NOW - 1,
    running_seconds=8.5,
    remaining_seconds=None,
    timings=Timings(0.5, 0.25, 6.0, 0.75, 8.5, passes=20, rows_per_pass=6.5, replayed=3),
    error=None,
    request=b'{"prompt": "a secret cat"}',
    draft_steps=None,
    webhook=None,
)

TALLY = Tally(
    passes={"denoise": 40, "decode": 2},
    rows={"denoise": 260, "decode": 2},
    seconds={"denoise": 8.0, "decode": 0.5},
    loads=1,
    load_seconds=1.5,
    prompt_hits=3,
    prompt_misses=2,
    out_of_memory=1,
    resident=("shapes",),
    resident_bytes=2**30,
    memory_bytes=3 * 2**30,
    memory_total_bytes=8 * 2**30,
    active=2,
    step_seconds=0.2,
    step_rows=8,
    measures=(
        Measure("shapes", "denoise", 64, 64, 4, 10, 0.4),
        Measure("shapes", "denoise", 64, 64, 8, 10, 0.5),
    ),
)


def ended_job(**changes: Any) -> JobView:
    """A job that is done, but for these fields."""
    return replace(_DONE, **changes)


def running_job(**changes: Any) -> JobView:
    """A job that is half done, but for these fields."""
    still: dict[str, Any] = {"state": "running", "ended": None, "timings": None}
    still |= {"steps": ((10, 20), (10, 20)), "finished": frozenset(), "remaining_seconds": 4.0}
    return replace(_DONE, **(still | changes))


def moment(**changes: Any) -> Snapshot:
    """A busy server at `NOW`, but for these fields."""
    busy = Snapshot(
        now=NOW,
        since=NOW - 3600,
        version="1.2.3",
        worker=WorkerView("ready", "", 42, "cuda:0", 1),
        start_seconds={"import": 1.4, "load": 2.0},
        tally=TALLY,
        waiting=(
            Waiting("ana", "normal", 3, NOW - 12),
            Waiting("bob", "normal", 2, NOW - 30),
            Waiting("eve", "batch", 5, NOW - 7),
        ),
        backlog_seconds=95.0,
        running=(running_job(),),
        images_running=2,
        images_per_minute=31,
        counts=Counts(),
    )
    return replace(busy, **changes)
