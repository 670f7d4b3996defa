"""A picture alone and the same picture in company."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.fakes.adapters import tiny_adapter
from tests.fakes.checkpoints import write_tiny_checkpoint
from tests.fakes.plans import record_of, small_plan

from tintype.core.jobs import Event, ImageDone, Job, JobDone, Pixels, Timings
from tintype.core.models import ModelRecord
from tintype.core.orders import Network
from tintype.core.sampler_settings import NoiseSettings
from tintype.core.settings import EngineConfig
from tintype.worker.runner import JobRunner
from tintype.worker.start import Workshop

SAMPLERS = (("DPM++ 2M", "Karras"), ("Euler a", "Automatic"), ("Euler", "Karras"))
TOLERANCE = 1  # of 255: kernels may round differently with the number of rows


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> ModelRecord:
    """A tiny random checkpoint."""
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    return record_of(write_tiny_checkpoint(path))


def jobs(record: ModelRecord) -> list[Job]:
    """Nine pictures in eight jobs that have only checkpoint and size in common."""
    plans = [
        small_plan(
            record,
            prompt=f"stranger number {i} " * (1 + 12 * (i == 3)),  # one is longer than a chunk
            negative_prompt="" if i % 2 else "blurry",
            seed=100 + i,
            steps=3 + i,
            cfg_scale=1.0 if i == 6 else 4.0 + i,
            width=64,
            height=96,
            sampler=SAMPLERS[i % 3][0],
            schedule=SAMPLERS[i % 3][1],
            clip_skip=2 if i == 7 else 1,
        )
        for i in range(8)
    ]
    second = replace(plans[5], noise=NoiseSettings(205))
    return [Job(str(i), (plan, second) if i == 5 else (plan,)) for i, plan in enumerate(plans)]


LORA_STEPS = 6


def jobs_with_loras(record: ModelRecord, folder: Path) -> list[Job]:
    """Four pictures of one prompt and seed that wear four sets of LoRAs."""
    first, second = tiny_adapter(folder, "lora", 1), tiny_adapter(folder, "lora", 2)
    sets = (
        (first,),
        (replace(first, unet_scale=0.5), replace(second, text_scale=0.0)),
        (tiny_adapter(folder, "loha", 3),),
        (second, tiny_adapter(folder, "dora", 4)),
    )
    plan = small_plan(record, steps=LORA_STEPS, width=64, height=96)
    return [
        Job(str(n), (replace(plan, network=Network(record, worn)),)) for n, worn in enumerate(sets)
    ]


def paint(
    workshop: Workshop, wanted: Sequence[Job], ticks_between: int = 0
) -> tuple[dict[tuple[str, int], Pixels], list[Timings]]:
    """Run jobs together, each coming some ticks after the one before."""
    pictures: dict[tuple[str, int], Pixels] = {}
    timings: list[Timings] = []

    def note(event: Event) -> None:
        if isinstance(event, ImageDone):
            pictures[event.job_id, event.image] = event.pixels
        if isinstance(event, JobDone):
            timings.append(event.timings)

    runner = JobRunner(workshop.engine, note)
    for job in wanted:
        runner.submit(job)
        for _ in range(ticks_between):
            runner.tick()
    while not runner.is_idle:
        runner.tick()
    return pictures, timings


def difference(a: Pixels, b: Pixels) -> int:
    """The largest difference of any value, of 255."""
    left, right = (np.frombuffer(p.data, np.uint8).astype(int) for p in (a, b))
    return int(np.abs(left - right).max())


@pytest.mark.parametrize("ticks_between", [0, 2])
def test_alone_equals_in_company(record: ModelRecord, ticks_between: int) -> None:
    """Seeds, steps, samplers, scales and prompts of strangers change no picture."""
    workshop = Workshop(EngineConfig("cpu"))
    alone = {
        key: pixels for job in jobs(record) for key, pixels in paint(workshop, [job])[0].items()
    }
    together, timings = paint(workshop, jobs(record), ticks_between)
    assert together.keys() == alone.keys()
    assert len(alone) == 9
    assert max(difference(alone[key], together[key]) for key in alone) <= TOLERANCE
    assert max(t.rows_per_pass for t in timings) > 4


def test_loras_share_passes(record: ModelRecord, tmp_path: Path) -> None:
    """Four requests with four sets of LoRAs go through the U-Net together, each as if alone."""
    wanted = jobs_with_loras(record, tmp_path)
    alone = [paint(Workshop(EngineConfig("cpu")), [job])[0][job.id, 0] for job in wanted]
    workshop = Workshop(EngineConfig("cpu"))
    together, _ = paint(workshop, wanted)
    assert workshop.tally().passes["denoise"] <= LORA_STEPS + 1  # the first need not wait for words
    for number, picture in enumerate(alone):
        assert difference(picture, together[str(number), 0]) <= TOLERANCE
        assert all(difference(picture, other) > TOLERANCE for other in alone[:number])


def test_the_test_can_fail(record: ModelRecord) -> None:
    """Another seed is seen as another picture."""
    workshop = Workshop(EngineConfig("cpu"))
    first, second = jobs(record)[:2]
    one = paint(workshop, [first])[0][first.id, 0]
    other = paint(workshop, [second])[0][second.id, 0]
    assert difference(one, other) > TOLERANCE
