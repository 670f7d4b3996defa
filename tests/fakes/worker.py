"""A real worker process without torch or weights: `python tests/fakes/worker.py --fd N`.

It draws flat pictures whose colour is the seed's, or that of the picture they begin with, step by
step like the real one, and obeys words in the prompt, or in the name of the upscaler:

    photo        the picture has soft shapes and noise, as encoders meet them
    hold         stays after its first step until the gate file exists
    hold-first   stays before its first step until the gate file exists
    hold-last    stays with its pictures kept until the gate file exists
    crash        the process ends in the middle of the picture
    hang         the process does nothing any more, for ever
    fail-engine, fail-model, fail-request   the job fails that way
"""

import argparse
import os
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Event as Never
from time import monotonic

from tintype.core.enlarging import AnyPlan, Enlargement
from tintype.core.jobs import (
    Cancel,
    Command,
    Describe,
    Described,
    Forget,
    ImageKept,
    Interrupt,
    Job,
    JobCancelled,
    JobDone,
    JobFailed,
    JobParked,
    Load,
    Painted,
    Pixels,
    Preview,
    Progress,
    Settled,
    Status,
    Stop,
    Submit,
    Tally,
    Timings,
    Unload,
    Watch,
    WorkerReady,
)
from tintype.jobs import JobFolder
from tintype.worker.channel import Channel, FrontGone, open_channel

CRASH_CODE = 3


def words_of(plan: AnyPlan) -> list[str]:
    """What is obeyed: the words of the prompt, or of the upscaler's name."""
    if isinstance(plan, Enlargement):
        return [] if plan.network is None else plan.network.record.name.split()
    return plan.prompt.split()


def steps_of(plan: AnyPlan) -> int:
    """How many steps this worker makes of a plan."""
    return 2 if isinstance(plan, Enlargement) else plan.settings.steps


def flat_picture(plan: AnyPlan) -> Pixels:
    """The picture this worker draws: one colour, the seed's three lowest bytes or its init's.

    Pictures to be made larger are, without a network.
    """
    if isinstance(plan, Enlargement):
        return _enlarged(plan)
    width, height = plan.width, plan.height
    if plan.hires is not None:
        size = plan.hires.size
        width, height = size.width - 8 * size.cut_columns, size.height - 8 * size.cut_rows
    if "photo" in plan.prompt.split():
        return _photo(width, height)
    colour = (plan.seed & 0xFFFFFF).to_bytes(3, "big")
    if plan.init is not None:
        colour = _colour_of(plan.init.picture)
    return Pixels(width, height, colour * (width * height))


@cache
def _photo(width: int, height: int) -> Pixels:
    import numpy as np  # only where such a picture is asked for

    y, x = np.mgrid[:height, :width]
    shapes = [np.sin(x / 37 + y / 51), np.cos(x / 23 - y / 91), np.sin(x * y / 9000)]
    noise = np.random.default_rng(0).normal(0, 4, (height, width, 3))
    levels = 128 + 80 * np.stack(shapes, -1) + noise
    return Pixels(width, height, levels.clip(0, 255).astype(np.uint8).tobytes())


def _enlarged(plan: Enlargement) -> Pixels:
    from dataclasses import replace

    from PIL import Image

    from tintype.imaging import extras

    upscaler = "None" if plan.settings.upscaler == "None" else "Nearest"
    settings = replace(plan.settings, upscaler=upscaler, second_upscaler="None")
    with Image.open(BytesIO(plan.picture)) as opened:
        picture = extras(opened, settings)
    return Pixels(*picture.size, picture.tobytes())


def pictures_beside(plan: AnyPlan) -> tuple[Pixels, ...]:
    """A white mask, an empty cut-out and a picture without its faces, where they are asked for."""
    if isinstance(plan, Enlargement):
        return ()
    init, area = plan.init, plan.width * plan.height
    former = Pixels(plan.width, plan.height, bytes(3 * area))
    formers = (former,) if plan.faces is not None and plan.faces.keeps_former else ()
    if init is None or init.mask is None:
        return formers
    mask = Pixels(plan.width, plan.height, b"\xff" * (3 * area))
    alone = Pixels(plan.width, plan.height, bytes(4 * area), channels=4)
    wanted = ((mask, init.returns_mask), (alone, init.returns_composite))
    return (*(pixels for pixels, is_wanted in wanted if is_wanted), *formers)


def _colour_of(picture: bytes) -> bytes:
    from PIL import Image  # only where a picture begins with one

    with Image.open(BytesIO(picture)) as opened:
        return opened.convert("RGB").crop((0, 0, 1, 1)).tobytes()


@dataclass
class _Active:
    job: Job
    left: set[int]
    step: int = 0
    is_watched: bool = False


class FakeWorker:
    """Speaks the protocol of `core.jobs` and does next to nothing."""

    def __init__(self, channel: Channel, gate: Path | None, jobs: Path) -> None:
        self._channel, self._gate, self._jobs = channel, gate, jobs
        self._active: dict[str, _Active] = {}
        self._deadline: float | None = None
        self._finished = 0
        self._resident: tuple[str, ...] = ()

    def run(self) -> None:
        """Serve until told to stop."""
        while self._deadline is None or self._active:
            for command in self._channel.poll(self._patience()):
                self._obey(command)
            if self._deadline is not None and monotonic() >= self._deadline:
                self._park()
            for active in list(self._active.values()):
                self._advance(active)

    def _patience(self) -> float | None:
        if not self._active:
            return None if self._deadline is None else 0
        return 0.01 if all(self._is_held(active) for active in self._active.values()) else 0

    def _is_held(self, active: _Active) -> bool:
        is_shut = self._gate is None or not self._gate.exists()
        words = words_of(active.job.plans[0])
        last = steps_of(active.job.plans[0])
        holds = {"hold": 1, "hold-first": 0, "hold-last": last}
        return is_shut and active.step in {holds[word] for word in words if word in holds}

    def _obey(self, command: Command) -> None:
        match command:
            case Submit():
                left = set(range(len(command.job.plans))) - command.job.finished
                self._active[command.job.id] = _Active(command.job, left)
            case Cancel():
                if self._active.pop(command.job_id, None):
                    self._channel.send(JobCancelled(command.job_id))
            case Interrupt():
                self._interrupt(command)
            case Watch():
                if command.job_id in self._active:
                    self._active[command.job_id].is_watched = command.every_seconds > 0
                    self._show(self._active[command.job_id])
            case Load():
                self._hold(command.wish, command.checkpoint.stem)
            case Unload():
                self._hold(command.wish)
            case Describe():
                self._describe(command)
            case Forget():
                self._resident = ()
                self._tell_status()
            case Stop():
                self._deadline = monotonic() + command.seconds

    def _hold(self, wish: int, *names: str) -> None:
        """Pretend that these checkpoints are in memory; one called "torn" cannot be loaded."""
        error = "the file is torn" if "torn" in names else None
        self._resident = () if error else names
        self._tell_status()
        self._channel.send(Settled(wish, error))

    def _describe(self, asked: Describe) -> None:
        """Say how it was asked; a captioner called "torn" cannot be loaded, "crash" is the end.

        One called "hold" is in memory until nobody waits for it any more.
        """
        pixels, how = asked.pixels, asked.settings
        match asked.captioner.name:
            case "torn":
                self._channel.send(Described(asked.number, "", "model", "the file is torn"))
            case "crash":
                os._exit(CRASH_CODE)
            case "hold":
                self._resident = ("hold",)
                self._tell_status()
            case name:
                colour = pixels.data[:3].hex()
                text = f"{colour} of {pixels.width}x{pixels.height} by {name}"
                text += f", {how.beams} beams, {how.min_length} to {how.max_length}"
                self._channel.send(Described(asked.number, text))

    def _tell_status(self) -> None:
        done = {"denoise": self._finished}
        self._channel.send(Status(Tally(passes=done, resident=self._resident)))

    def _interrupt(self, command: Interrupt) -> None:
        active = self._active.get(command.job_id)
        if active is None:
            return
        for image in sorted(active.left):
            if command.images is None or image in command.images:
                active.left.discard(image)
                if active.step:
                    self._keep(active.job, image, is_partial=True)
        if not active.left:
            self._end(active.job)

    def _park(self) -> None:
        for job_id in list(self._active):
            del self._active[job_id]
            self._channel.send(JobParked(job_id, Timings()))

    def _show(self, active: _Active) -> None:
        if active.is_watched and active.step:
            for image in sorted(active.left):
                picture = flat_picture(active.job.plans[image])
                self._channel.send(Preview(active.job.id, image, active.step, picture))

    def _advance(self, active: _Active) -> None:
        job, steps = active.job, steps_of(active.job.plans[0])
        if self._is_held(active) or job.id not in self._active:
            return
        if active.step == steps or not active.left:
            self._end(job)
            return
        active.step += 1
        for image in sorted(active.left):
            self._channel.send(Progress(job.id, image, active.step, steps))
        self._show(active)
        self._misbehave(job)
        if active.step >= steps and job.id in self._active:
            for image in sorted(active.left):
                self._keep(job, image)
        elif active.step == job.draft_steps:
            for image in sorted(active.left):
                self._keep(job, image, is_partial=True)
            active.left.clear()

    def _misbehave(self, job: Job) -> None:
        for word in words_of(job.plans[0]):
            match word:
                case "crash":
                    os._exit(CRASH_CODE)
                case "hang":
                    Never().wait()
                case "fail-engine":
                    self._fail(JobFailed(job.id, "engine", "the device is on fire"))
                case "fail-model":
                    self._fail(JobFailed(job.id, "model", "the file is torn"))
                case "fail-request":
                    self._fail(JobFailed(job.id, "request", "the prompt rhymes"))
                case _:
                    pass

    def _fail(self, failure: JobFailed) -> None:
        if self._active.pop(failure.job_id, None):
            self._channel.send(failure)

    def _keep(self, job: Job, image: int, *, is_partial: bool = False) -> None:
        plan = job.plans[image]
        painted = Painted(flat_picture(plan), pictures_beside(plan), is_partial)
        try:
            JobFolder(self._jobs / job.id).keep(image, painted)
        except OSError as error:
            self._fail(JobFailed(job.id, "engine", f"cannot be kept: {error.strerror}"))
        else:
            self._channel.send(ImageKept(job.id, image))

    def _end(self, job: Job) -> None:
        if self._active.pop(job.id, None) is None:
            return
        end = JobDone if job.draft_steps is None else JobParked
        self._finished += 1
        self._channel.send(end(job.id, Timings(denoise=0.1, total=0.2)))
        if not self._active:
            self._tell_status()


def _wait_for(gate: Path, channel: Channel) -> None:
    while not gate.exists():
        channel.poll(0.01)


def main() -> None:
    """Serve one front process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--gate", type=Path, help="held jobs go on once this file exists")
    parser.add_argument("--start-gate", type=Path, help="ready only once this file exists")
    parser.add_argument("--jobs", type=Path, required=True, help="holds a folder for each job")
    parser.add_argument("--log-bytes", type=int)
    parser.add_argument("--end-at-start", action="store_true", help="end before being ready")
    options = parser.parse_args()
    channel = open_channel(options.fd)
    if options.end_at_start:
        raise SystemExit(CRASH_CODE)
    try:
        if options.start_gate is not None:
            _wait_for(options.start_gate, channel)
        channel.send(WorkerReady("fake", {"import": 0.0}))
        FakeWorker(channel, options.gate, options.jobs).run()
    except FrontGone:
        return


if __name__ == "__main__":
    main()
