"""Whole jobs through the engine on a tiny checkpoint: what is said about them."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.checkpoints import write_lora, write_tiny_checkpoint
from tests.fakes.pictures import half_mask_file, picture_file
from tests.fakes.plans import record_of, small_plan

from tintype.core.jobs import (
    Event,
    ImageDone,
    Job,
    JobCancelled,
    JobDone,
    JobFailed,
    Progress,
)
from tintype.core.mask_settings import MaskSettings
from tintype.core.orders import Network
from tintype.core.requests import Hires, HiresSize, Init, Plan
from tintype.networks.identify import Family
from tintype.worker.runner import JobRunner
from tintype.worker.start import Workshop

Plans = tuple[Plan, ...]


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    """Two small pictures of two steps."""
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    record = record_of(write_tiny_checkpoint(path))
    return tuple(small_plan(record, seed=seed, sampler="Euler a") for seed in (1, 2))


def with_file(plans: Plans, path: Path) -> Plans:
    """The same pictures by another checkpoint."""
    return tuple(replace(plan, network=Network(record_of(path))) for plan in plans)


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


def test_a_job_from_start_to_end(plans: Plans) -> None:
    """Every step of every image is told, then the images, then the job's timings."""
    watched = Watched()
    watched.runner.submit(Job("j", plans))
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


def test_a_masked_picture(plans: Plans) -> None:
    """Its mask comes beside it, what is not masked is the original, and few steps are expected."""
    init = Init(
        picture_file((10, 200, 30)),
        denoising_strength=0.3,
        mask=half_mask_file(),
        masking=MaskSettings(blur_x=0, blur_y=0),
        returns_mask=True,
    )
    settings = replace(plans[0].settings, steps=8)
    watched = Watched()
    watched.runner.submit(Job("j", (replace(plans[0], init=init, settings=settings),)))
    events = watched.run_to_end()
    steps = [(e.step, e.steps) for e in events if isinstance(e, Progress)]
    assert steps == [(1, 3), (2, 3), (3, 3)]
    (done,) = (e for e in events if isinstance(e, ImageDone))
    (mask,) = done.beside
    assert done.pixels.data[-3:] == bytes((10, 200, 30))
    assert done.pixels.data[:3] != bytes((10, 200, 30))
    assert (mask.data[:3], mask.data[-3:]) == (b"\xff\xff\xff", b"\0\0\0")
    assert isinstance(events[-1], JobDone)
    assert events[-1].timings.encode > 0


def test_a_hires_picture(plans: Plans) -> None:
    """Both passes count as one way, and the picture has its final size."""
    plan = plans[0]
    size = HiresSize(96, 96, 0, 0, ("Hires upscale", 1.5))
    hires = Hires(size, 0, "Lanczos", 0.5, "a dog", "", plan.network, plan.settings, plan.guidance)
    watched = Watched()
    watched.runner.submit(Job("j", (replace(plan, hires=hires),)))
    events = watched.run_to_end()
    steps = [(e.step, e.steps) for e in events if isinstance(e, Progress)]
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    (done,) = (e for e in events if isinstance(e, ImageDone))
    assert (done.pixels.width, done.pixels.height) == (96, 96)


def test_a_picture_that_cannot_be_read_fails_its_job(plans: Plans) -> None:
    """A broken file is the caller's fault, told before anything is computed."""
    watched = Watched()
    watched.runner.submit(Job("j", (replace(plans[0], init=Init(b"torn")),)))
    (failure,) = watched.run_to_end()
    assert isinstance(failure, JobFailed)
    assert (failure.kind, "init_images" in failure.message) == ("request", True)


def test_a_cancelled_job_says_so_and_no_more(plans: Plans) -> None:
    """After a cancel nothing comes of a job, and the one beside it is finished."""
    watched = Watched()
    watched.runner.submit(Job("a", plans))
    watched.runner.submit(Job("b", plans))
    watched.runner.tick()
    watched.runner.cancel("a")
    told = len(watched.events)
    events = watched.run_to_end()
    assert events[told - 1] == JobCancelled("a")
    later = [event for event in events[told:] if isinstance(event, Progress | ImageDone | JobDone)]
    assert {event.job_id for event in later} == {"b"}
    assert isinstance(later[-1], JobDone)


def test_a_bad_file_fails_its_job_alone(plans: Plans, tmp_path: Path) -> None:
    """A job with a file that is no checkpoint fails in words; the one beside it is finished."""
    foreign = tmp_path / "lora.safetensors"
    write_lora(foreign)
    watched = Watched()
    watched.runner.submit(Job("bad", with_file(plans, foreign)))
    watched.runner.submit(Job("good", plans))
    events = watched.run_to_end()
    failures = [event for event in events if isinstance(event, JobFailed)]
    assert [(f.job_id, f.kind) for f in failures] == [("bad", "model")]
    assert "looks like a LoRA" in failures[0].message
    assert [event.job_id for event in events if isinstance(event, JobDone)] == ["good"]


@pytest.mark.parametrize(
    ("family", "channels", "wanted"), [("sdxl", 4, "SDXL"), ("sd1", 5, "5 input channels")]
)
def test_what_cannot_paint_yet_says_so(
    family: Family, channels: int, wanted: str, plans: Plans, tmp_path: Path
) -> None:
    """SDXL and U-Nets of unknown making are recognised and refused in words."""
    path = tmp_path / "model.safetensors"
    write_tiny_checkpoint(path, family=family, in_channels=channels)
    watched = Watched()
    watched.runner.submit(Job("j", with_file(plans, path)))
    failure = watched.run_to_end()[-1]
    assert isinstance(failure, JobFailed)
    assert failure.kind == "model"
    assert wanted in failure.message


@pytest.mark.parametrize("channels", [8, 9])
def test_checkpoints_that_see_more(channels: int, plans: Plans, tmp_path: Path) -> None:
    """Inpainting and edit checkpoints paint, from noise and from a picture."""
    path = tmp_path / "model.safetensors"
    write_tiny_checkpoint(path, in_channels=channels)
    from_noise, other = with_file(plans, path)
    init = Init(picture_file(), mask=half_mask_file())
    both = (from_noise, replace(other, init=init))
    watched = Watched()
    watched.runner.submit(Job("j", tuple(replace(p, input_channels=channels) for p in both)))
    events = watched.run_to_end()
    assert sum(isinstance(event, ImageDone) for event in events) == 2
    assert isinstance(events[-1], JobDone)
