"""Whole jobs through the engine on a tiny checkpoint: what is said about them."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.checkpoints import write_lora, write_tiny_checkpoint

from tintype.core.jobs import (
    Event,
    ImageDone,
    Job,
    JobCancelled,
    JobDone,
    JobFailed,
    Progress,
)
from tintype.core.models import ModelRecord
from tintype.core.requests import Plan
from tintype.worker.runner import JobRunner
from tintype.worker.start import Workshop


def record_of(path: Path) -> ModelRecord:
    """The file as the model list would have it."""
    facts = path.stat()
    return ModelRecord(path.name, path, facts.st_size, facts.st_mtime_ns)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Two small pictures of two steps."""
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    write_tiny_checkpoint(path)
    return Plan("a cat", "", (1, 2), 2, 7.0, 64, 64, "Euler a", "Automatic", 1, record_of(path))


class Watched:
    """A runner, and everything it has said."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.runner = JobRunner(Workshop("cpu").engine, self.events.append)

    def run_to_end(self) -> list[Event]:
        """Tick until nothing is left to do."""
        while not self.runner.is_idle:
            self.runner.tick()
        return self.events


def test_a_job_from_start_to_end(plan: Plan) -> None:
    """Every step of every image is told, then the images, then the job's timings."""
    watched = Watched()
    watched.runner.submit(Job("j", plan))
    events = watched.run_to_end()
    steps = [(e.image, e.step, e.steps) for e in events if isinstance(e, Progress)]
    assert sorted(steps) == [(0, 1, 2), (0, 2, 2), (1, 1, 2), (1, 2, 2)]
    pictures = [e for e in events if isinstance(e, ImageDone)]
    assert [(e.image, e.pixels.width, e.pixels.height) for e in pictures] == [
        (0, 64, 64),
        (1, 64, 64),
    ]
    assert pictures[0].pixels.data != pictures[1].pixels.data
    assert isinstance(events[-1], JobDone)
    assert events[-1].timings.passes == 4
    assert events[-1].timings.rows_per_pass == 4.0


def test_a_cancelled_job_says_so_and_no_more(plan: Plan) -> None:
    """After a cancel nothing comes of a job, and the one beside it is finished."""
    watched = Watched()
    watched.runner.submit(Job("a", plan))
    watched.runner.submit(Job("b", plan))
    watched.runner.tick()
    watched.runner.cancel("a")
    told = len(watched.events)
    events = watched.run_to_end()
    assert events[told - 1] == JobCancelled("a")
    later = [event for event in events[told:] if isinstance(event, Progress | ImageDone | JobDone)]
    assert {event.job_id for event in later} == {"b"}
    assert isinstance(later[-1], JobDone)


def test_a_bad_file_fails_its_job_alone(plan: Plan, tmp_path: Path) -> None:
    """A job with a file that is no checkpoint fails in words; the one beside it is finished."""
    foreign = tmp_path / "lora.safetensors"
    write_lora(foreign)
    watched = Watched()
    watched.runner.submit(Job("bad", replace(plan, checkpoint=record_of(foreign))))
    watched.runner.submit(Job("good", plan))
    events = watched.run_to_end()
    failures = [event for event in events if isinstance(event, JobFailed)]
    assert [(f.job_id, f.kind) for f in failures] == [("bad", "model")]
    assert "looks like a LoRA" in failures[0].message
    assert [event.job_id for event in events if isinstance(event, JobDone)] == ["good"]


def test_what_cannot_paint_yet_says_so(plan: Plan, tmp_path: Path) -> None:
    """SDXL and inpainting checkpoints are recognised and refused in words."""
    for name, wanted in (("sdxl", "SDXL"), ("inpainting", "9 input channels")):
        path = tmp_path / f"{name}.safetensors"
        if name == "sdxl":
            write_tiny_checkpoint(path, family="sdxl")
        else:
            write_tiny_checkpoint(path, in_channels=9)
        watched = Watched()
        watched.runner.submit(Job(name, replace(plan, checkpoint=record_of(path))))
        failure = watched.run_to_end()[-1]
        assert isinstance(failure, JobFailed)
        assert wanted in failure.message
