"""A real worker process without torch or weights: `python tests/fakes/worker.py --fd N`.

It draws flat pictures whose colour is the seed's, or that of the picture they begin with, step by
step like the real one, and obeys words in the prompt:

    hold         stays after its first step until the gate file exists
    crash        the process ends in the middle of the picture
    hang         the process does nothing any more, for ever
    fail-engine, fail-model, fail-request   the job fails that way
"""

import argparse
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Event as Never

from tintype.core.jobs import (
    Cancel,
    ImageDone,
    Job,
    JobCancelled,
    JobDone,
    JobFailed,
    Pixels,
    Progress,
    Stop,
    Submit,
    Timings,
    WorkerReady,
)
from tintype.core.requests import Plan
from tintype.worker.channel import Channel, FrontGone, open_channel

CRASH_CODE = 3


def flat_picture(plan: Plan) -> Pixels:
    """The picture this worker draws: one colour, the seed's three lowest bytes or its init's."""
    width, height = plan.width, plan.height
    if plan.hires is not None:
        size = plan.hires.size
        width, height = size.width - 8 * size.cut_columns, size.height - 8 * size.cut_rows
    colour = (plan.seed & 0xFFFFFF).to_bytes(3, "big")
    if plan.init is not None:
        colour = _colour_of(plan.init.picture)
    return Pixels(width, height, colour * (width * height))


def pictures_beside(plan: Plan) -> tuple[Pixels, ...]:
    """A white mask and an empty cut-out, where they are asked for."""
    init, area = plan.init, plan.width * plan.height
    if init is None or init.mask is None:
        return ()
    mask = Pixels(plan.width, plan.height, b"\xff" * (3 * area))
    alone = Pixels(plan.width, plan.height, bytes(4 * area), channels=4)
    wanted = ((mask, init.returns_mask), (alone, init.returns_composite))
    return tuple(pixels for pixels, is_wanted in wanted if is_wanted)


def _colour_of(picture: bytes) -> bytes:
    from PIL import Image  # only where a picture begins with one

    with Image.open(BytesIO(picture)) as opened:
        return opened.convert("RGB").crop((0, 0, 1, 1)).tobytes()


@dataclass
class _Active:
    job: Job
    step: int = 0


class FakeWorker:
    """Speaks the protocol of `core.jobs` and does next to nothing."""

    def __init__(self, channel: Channel, gate: Path | None) -> None:
        self._channel, self._gate = channel, gate
        self._active: dict[str, _Active] = {}
        self._stopping = False

    def run(self) -> None:
        """Serve until told to stop."""
        while not (self._stopping and not self._active):
            for command in self._channel.poll(self._patience()):
                self._obey(command)
            for active in list(self._active.values()):
                self._advance(active)

    def _patience(self) -> float | None:
        if self._stopping:
            return 0
        if not self._active:
            return None
        return 0.01 if all(self._is_held(active) for active in self._active.values()) else 0

    def _is_held(self, active: _Active) -> bool:
        is_shut = self._gate is None or not self._gate.exists()
        return active.step == 1 and "hold" in active.job.plans[0].prompt.split() and is_shut

    def _obey(self, command: Submit | Cancel | Stop) -> None:
        match command:
            case Submit():
                self._active[command.job.id] = _Active(command.job)
            case Cancel():
                if self._active.pop(command.job_id, None):
                    self._channel.send(JobCancelled(command.job_id))
            case Stop():
                self._stopping = True

    def _advance(self, active: _Active) -> None:
        if self._is_held(active):
            return
        active.step += 1
        job, steps = active.job, active.job.plans[0].settings.steps
        for image in range(len(job.plans)):
            self._channel.send(Progress(job.id, image, active.step, steps))
        self._misbehave(job)
        if active.step >= steps and job.id in self._active:
            self._finish(job)

    def _misbehave(self, job: Job) -> None:
        for word in job.plans[0].prompt.split():
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

    def _finish(self, job: Job) -> None:
        del self._active[job.id]
        for image, plan in enumerate(job.plans):
            done = ImageDone(job.id, image, flat_picture(plan), pictures_beside(plan))
            self._channel.send(done)
        self._channel.send(JobDone(job.id, Timings(denoise=0.1, total=0.2)))


def _wait_for(gate: Path, channel: Channel) -> None:
    while not gate.exists():
        channel.poll(0.01)


def main() -> None:
    """Serve one front process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--gate", type=Path, help="held jobs go on once this file exists")
    parser.add_argument("--start-gate", type=Path, help="ready only once this file exists")
    parser.add_argument("--end-at-start", action="store_true", help="end before being ready")
    options = parser.parse_args()
    channel = open_channel(options.fd)
    if options.end_at_start:
        raise SystemExit(CRASH_CODE)
    try:
        if options.start_gate is not None:
            _wait_for(options.start_gate, channel)
        channel.send(WorkerReady("fake", {"import": 0.0}))
        FakeWorker(channel, options.gate).run()
    except FrontGone:
        return


if __name__ == "__main__":
    main()
