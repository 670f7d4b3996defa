"""Jobs and what is said about them between the front process and a worker."""

from dataclasses import dataclass, field
from typing import Literal

from tintype.core.requests import Plan


@dataclass(frozen=True, slots=True)
class Job:
    """Pictures somebody waits for.

    Attributes:
        id: unique, chosen at admission.
        plans: what to compute, at least one; each is one picture.
    """

    id: str
    plans: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Pixels:
    """A finished picture as it crosses processes.

    Attributes:
        data: `height` × `width` × `channels` bytes, rows first, RGB or RGBA.
    """

    width: int
    height: int
    data: bytes
    channels: int = 3


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a job went, in seconds.

    A pass shared with strangers counts in full for each of them.

    Attributes:
        encode: text encoder, pictures to latents, and reading the checkpoint where it was not in
            memory.
        denoise: U-Net.
        decode: autoencoder.
        total: from the worker's taking the job to its last picture.
        passes: forward passes of the U-Net the job took part in.
        rows_per_pass: rows in those passes on average, other jobs' included.
    """

    encode: float = 0.0
    denoise: float = 0.0
    decode: float = 0.0
    total: float = 0.0
    passes: int = 0
    rows_per_pass: float = 0.0


# Front to worker


@dataclass(frozen=True, slots=True)
class Submit:
    """Run this job."""

    job: Job


@dataclass(frozen=True, slots=True)
class Cancel:
    """Forget this job; answered with `JobCancelled` if it was still running."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Stop:
    """End the process once everything running is done."""


Command = Submit | Cancel | Stop


# Worker to front


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """The worker can take jobs; sent once, when the first checkpoint is in memory.

    Attributes:
        device: what it computes on ("cpu", "cuda:0").
        seconds: phases of the start and how long each took.
    """

    device: str
    seconds: dict[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Progress:
    """An image of a job has come `step` of `steps` far."""

    job_id: str
    image: int
    step: int
    steps: int


@dataclass(frozen=True, slots=True)
class ImageDone:
    """An image of a job is finished.

    Attributes:
        beside: what else was asked for with it: its mask, what was repainted alone, earlier turns.
    """

    job_id: str
    image: int
    pixels: Pixels
    beside: tuple[Pixels, ...] = ()


@dataclass(frozen=True, slots=True)
class JobDone:
    """All images of a job have been sent."""

    job_id: str
    timings: Timings


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """A job was ended on somebody's wish."""

    job_id: str


@dataclass(frozen=True, slots=True)
class JobFailed:
    """A job could not be done; `kind` says whose fault: the file's, the caller's or ours."""

    job_id: str
    kind: Literal["model", "request", "engine"]
    message: str


Event = WorkerReady | Progress | ImageDone | JobDone | JobCancelled | JobFailed
