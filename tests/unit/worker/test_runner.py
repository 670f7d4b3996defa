"""Whole jobs through the engine on a tiny checkpoint: what is said about them."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.checkpoints import write_lora, write_tiny_checkpoint
from tests.fakes.pictures import half_mask_file, picture_file, striped_file
from tests.fakes.plans import record_of, small_plan
from tests.fakes.upscalers import write_upscaler

from tintype.core.enlarging import Enlargement, ExtrasSettings
from tintype.core.jobs import (
    Event,
    ImageDone,
    Job,
    JobCancelled,
    JobDone,
    JobFailed,
    JobParked,
    Preview,
    Progress,
)
from tintype.core.mask_settings import MaskSettings
from tintype.core.models import UpscalerRecord
from tintype.core.orders import Network
from tintype.core.requests import Hires, HiresSize, Init, Plan
from tintype.core.settings import EngineConfig
from tintype.core.upscalers import UpscalerNetwork
from tintype.networks.identify import Family
from tintype.worker.runner import JobRunner, NotKept
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

    def __init__(self, jobs: Path | None = None) -> None:
        self.events: list[Event] = []
        self.runner = JobRunner(Workshop(EngineConfig("cpu")).engine, self.events.append, jobs)

    def tick_until(self, step: int) -> None:
        """Tick until some image has come so far."""
        while not any(isinstance(e, Progress) and e.step >= step for e in self.events):
            self.runner.tick()

    def done(self) -> dict[int, ImageDone]:
        """The finished pictures."""
        return {event.image: event for event in self.events if isinstance(event, ImageDone)}

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
    assert 2.0 <= events[-1].timings.rows_per_pass <= 4.0


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


def test_what_cannot_paint_says_so(plans: Plans, tmp_path: Path) -> None:
    """U-Nets of unknown making are recognised and refused in words."""
    path = tmp_path / "model.safetensors"
    write_tiny_checkpoint(path, in_channels=5)
    watched = Watched()
    watched.runner.submit(Job("j", with_file(plans, path)))
    failure = watched.run_to_end()[-1]
    assert isinstance(failure, JobFailed)
    assert failure.kind == "model"
    assert "5 input channels" in failure.message


@pytest.mark.parametrize("family", ["sd2", "sdxl", "sdxl_refiner"])
def test_every_family_paints(family: Family, plans: Plans, tmp_path: Path) -> None:
    """SD 2.x, SDXL and its refiner make pictures, alone and in company."""
    path = tmp_path / "model.safetensors"
    write_tiny_checkpoint(path, family=family)
    watched = Watched()
    watched.runner.submit(Job("j", with_file(plans, path)))
    events = watched.run_to_end()
    assert isinstance(events[-1], JobDone)
    assert sum(isinstance(event, ImageDone) for event in events) == len(plans)


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


def longer(plans: Plans, steps: int = 6) -> Plans:
    return tuple(replace(plan, settings=replace(plan.settings, steps=steps)) for plan in plans)


def resumed(jobs: Path, job: Job) -> tuple[dict[int, bytes], int]:
    """Pictures of a job that goes on, by image, and how many answers its log gave."""
    watched = Watched(jobs)
    watched.runner.submit(job)
    end = watched.run_to_end()[-1]
    assert isinstance(end, JobDone | JobParked)
    return {i: done.pixels.data for i, done in watched.done().items()}, end.timings.replayed


def undisturbed(plans: Plans) -> dict[int, bytes]:
    """Pictures painted one at a time, without company."""
    pictures: dict[int, bytes] = {}
    for image, plan in enumerate(plans):
        watched = Watched()
        watched.runner.submit(Job("alone", (plan,)))
        watched.run_to_end()
        pictures[image] = watched.done()[0].pixels.data
    return pictures


def test_a_parked_job_goes_on_from_its_log(plans: Plans, tmp_path: Path) -> None:
    """Its answered steps are not asked for again, and the bytes are those of the whole picture."""
    plans = longer(plans[:1])
    watched = Watched(tmp_path)
    watched.runner.submit(Job("j", plans))
    watched.tick_until(4)
    watched.runner.park()

    assert isinstance(watched.events[-1], JobParked)
    assert watched.runner.is_idle
    assert resumed(tmp_path, Job("j", plans)) == (undisturbed(plans), 4)
    assert list((tmp_path / "j").glob("*.log")) == []


def test_replayed_steps_are_told_at_once(plans: Plans, tmp_path: Path) -> None:
    """Progress goes on where it was."""
    plans = longer(plans[:1])
    watched = Watched(tmp_path)
    watched.runner.submit(Job("j", plans))
    watched.tick_until(4)
    watched.runner.park()
    again = Watched(tmp_path)
    again.runner.submit(Job("j", plans))
    again.runner.tick()
    again.runner.tick()

    steps = [event.step for event in again.events if isinstance(event, Progress)]
    assert steps[:4] == [1, 2, 3, 4]


def test_finished_images_are_not_painted_again(plans: Plans) -> None:
    """What an earlier attempt has finished is left alone; with all finished the job is done."""
    watched = Watched()
    watched.runner.submit(Job("j", plans, finished=frozenset((0,))))
    watched.run_to_end()
    assert set(watched.done()) == {1}

    watched.runner.submit(Job("k", plans, finished=frozenset((0, 1))))
    assert watched.runner.is_idle
    assert watched.events[-1] == JobDone("k", watched.events[-1].timings)  # type: ignore[union-attr]


def test_an_interrupted_job_ends_with_what_there_is(plans: Plans) -> None:
    """Pictures are decoded as they are, marked partial, and the job is done."""
    watched = Watched()
    watched.runner.submit(Job("j", longer(plans)))
    watched.tick_until(3)
    watched.runner.interrupt("j")
    end = watched.run_to_end()[-1]

    assert isinstance(end, JobDone)
    assert all(done.is_partial for done in watched.done().values())
    assert 0 in watched.done()
    assert end.timings.passes < 12


def test_interrupted_before_the_first_step_there_is_nothing(plans: Plans) -> None:
    """The images are left out, and the job is done at once."""
    watched = Watched()
    watched.runner.submit(Job("j", plans))
    watched.runner.interrupt("j")

    assert [type(event) for event in watched.events] == [JobDone]
    assert watched.runner.is_idle


def test_one_image_may_be_interrupted(plans: Plans) -> None:
    """The other is painted to its end."""
    watched = Watched()
    watched.runner.submit(Job("j", longer(plans)))
    watched.tick_until(3)
    watched.runner.interrupt("j", frozenset((1,)))
    watched.run_to_end()

    partial = {image: done.is_partial for image, done in watched.done().items()}
    assert partial[0] is False
    assert partial.get(1, True) is True


def test_a_draft_is_parked_and_promoted(plans: Plans, tmp_path: Path) -> None:
    """It shows partial pictures; the whole ones begin with its steps and have the same bytes."""
    plans = longer(plans[:1])
    watched = Watched(tmp_path)
    watched.runner.submit(Job("j", plans, draft_steps=3))
    end = watched.run_to_end()[-1]

    assert isinstance(end, JobParked)
    assert (end.timings.passes, watched.done()[0].is_partial) == (3, True)
    assert resumed(tmp_path, Job("j", plans)) == (undisturbed(plans), 3)


def test_a_log_without_room_costs_only_its_use(plans: Plans, tmp_path: Path) -> None:
    """A job whose log ended early begins from what it holds."""
    plans = longer(plans[:1])
    events: list[Event] = []
    runner = JobRunner(
        Workshop(EngineConfig("cpu")).engine, events.append, tmp_path, log_bytes=36 + 2 * 1100
    )
    runner.submit(Job("j", plans))
    while not any(isinstance(event, Progress) and event.step == 5 for event in events):
        runner.tick()
    runner.park()

    pictures, replayed = resumed(tmp_path, Job("j", plans))
    assert pictures == undisturbed(plans)
    assert 0 < replayed < 5


def test_a_picture_that_cannot_be_kept_fails_its_job(plans: Plans) -> None:
    """In words, and the job beside it is finished."""
    told: list[Event] = []

    def send(event: Event) -> None:
        if isinstance(event, ImageDone) and event.job_id == "bad":
            raise NotKept("the picture cannot be kept: the disk is full")
        told.append(event)

    runner = JobRunner(Workshop(EngineConfig("cpu")).engine, send)
    for name in ("bad", "good"):
        runner.submit(Job(name, plans))
    while not runner.is_idle:
        runner.tick()

    failures = [event for event in told if isinstance(event, JobFailed)]
    assert failures == [JobFailed("bad", "engine", "the picture cannot be kept: the disk is full")]
    assert [event.job_id for event in told if isinstance(event, JobDone)] == ["good"]


def test_a_watched_job_shows_previews(plans: Plans) -> None:
    """Of its denoised latents, until nobody wants them any more."""
    watched = Watched()
    watched.runner.submit(Job("j", longer(plans[:1])))
    watched.runner.watch("j", 1e-9)
    watched.tick_until(4)
    previews = [event for event in watched.events if isinstance(event, Preview)]
    watched.runner.watch("j", 0)
    watched.run_to_end()

    assert previews
    assert (previews[0].image, previews[0].pixels.channels) == (0, 3)
    assert len([e for e in watched.events if isinstance(e, Preview)]) <= len(previews) + 1
    assert watched.done()[0].pixels.data == undisturbed(longer(plans[:1]))[0]


def enlargement(folder: Path) -> Enlargement:
    """A picture in four tiles, twice as large by a small network."""
    path = write_upscaler(folder / "x2.safetensors", 2)
    status = path.stat()
    record = UpscalerRecord("x2", path, status.st_size, status.st_mtime_ns, 2)
    settings = ExtrasSettings(scale=2, upscaler="x2")
    return Enlargement(striped_file((48, 48)), settings, UpscalerNetwork(record, 32, 8))


def test_a_picture_made_larger(tmp_path: Path) -> None:
    """Every tile is a step, and the time is told."""
    watched = Watched()
    watched.runner.submit(Job("j", (enlargement(tmp_path),)))
    events = watched.run_to_end()
    assert [(e.step, e.steps) for e in events if isinstance(e, Progress)] == [
        (1, 4),
        (2, 4),
        (3, 4),
        (4, 4),
    ]
    pixels = watched.done()[0].pixels
    assert (pixels.width, pixels.height) == (96, 96)
    assert isinstance(events[-1], JobDone)
    assert events[-1].timings.upscale > 0
    assert events[-1].timings.passes == 0


def test_a_picture_made_larger_goes_on_from_its_log(tmp_path: Path) -> None:
    """Tiles that an earlier attempt has made are not made again, and the bytes are the same."""
    job = Job("j", (enlargement(tmp_path),))
    whole = Watched(tmp_path / "whole")
    whole.runner.submit(job)
    whole.run_to_end()
    first = Watched(tmp_path / "jobs")
    first.runner.submit(job)
    first.tick_until(3)
    second = Watched(tmp_path / "jobs")
    second.runner.submit(job)
    second.runner.tick()
    steps = [event.step for event in second.events if isinstance(event, Progress)]
    assert steps == [1, 2, 3, 4]
    assert second.done()[0].pixels == whole.done()[0].pixels


def test_a_picture_made_larger_without_a_network(tmp_path: Path) -> None:
    """There is no step, and it is done all the same."""
    plan = Enlargement(striped_file((48, 48)), ExtrasSettings(upscaler="Lanczos"))
    watched = Watched(tmp_path)
    watched.runner.submit(Job("j", (plan, plan)))
    events = watched.run_to_end()
    assert {image: done.pixels.width for image, done in watched.done().items()} == {0: 96, 1: 96}
    assert isinstance(events[-1], JobDone)


def test_interrupted_pictures_made_larger_are_left_out(tmp_path: Path) -> None:
    """There is nothing to show of one that is half made; the job is done without it."""
    watched = Watched()
    watched.runner.submit(Job("j", (enlargement(tmp_path),)))
    watched.tick_until(2)
    watched.runner.interrupt("j")
    assert isinstance(watched.run_to_end()[-1], JobDone)
    assert watched.done() == {}
