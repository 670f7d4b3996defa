"""What the server tells of jobs, models and itself, as plain values.

Fields the server has and these do not are left out, so that an older client understands a newer
server.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL import Image

State = Literal["queued", "running", "parked", "done", "failed", "cancelled"]
Priority = Literal["interactive", "normal", "batch"]
Kind = Literal["state", "progress", "image", "end"]

_RESTING = ("parked", "done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class ImageState:
    """One picture of a job.

    Attributes:
        image: its number, from 0.
        step: denoising steps made.
        steps: of how many; 0 before the first.
        finished: whether it can be fetched.
    """

    image: int
    step: int
    steps: int
    finished: bool


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a job went, in seconds.

    Attributes:
        passes: forward passes of the U-Net.
        rows_per_pass: rows in them on average, other jobs' included.
        replayed: steps taken over from an earlier attempt.
    """

    load: float
    encode: float
    denoise: float
    decode: float
    total: float
    passes: int
    rows_per_pass: float
    replayed: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job has no pictures: the kind, and in words."""

    error: str
    detail: str


@dataclass(frozen=True, slots=True)
class Job:
    """A job at one moment; times are Unix seconds.

    Attributes:
        place: jobs that go before it; None unless queued.
        attempts: how often it was given to a worker.
        fraction: how far it is, 0 to 1.
        eta_seconds: until its end; None where nobody knows.
        draft_steps: steps of a draft, or None.
        seeds: of its images; None where it came in A1111's words.
        warnings: traps the request fell into.
    """

    id: str
    state: State
    place: int | None
    priority: Priority
    created: float
    started: float | None
    ended: float | None
    attempts: int
    fraction: float
    images: tuple[ImageState, ...]
    running_seconds: float
    eta_seconds: float | None
    draft_steps: int | None
    timings: Timings | None
    error: Failure | None
    seeds: tuple[int, ...] | None
    warnings: tuple[str, ...]

    @property
    def is_at_rest(self) -> bool:
        """Whether it is over, or parked as a draft: nothing changes until somebody asks for it."""
        return self.state in _RESTING

    @property
    def finished(self) -> tuple[int, ...]:
        """Numbers of the pictures that can be fetched."""
        return tuple(one.image for one in self.images if one.finished)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something became of a job.

    Attributes:
        kind: "state" a new state, "progress" a step or a better place in the queue, "image" a
            picture can be fetched (each once), "end" the last event.
        job: as it is by now.
        image: of "image", the number of the picture.
    """

    kind: Kind
    job: Job
    image: int | None = None


@dataclass(frozen=True, slots=True)
class PreviewEvent:
    """What a picture looks like by now.

    Attributes:
        job_id: of the job.
        image: number of the picture.
        step: after which step.
        data: a small JPEG file.
    """

    job_id: str
    image: int
    step: int
    data: bytes = field(repr=False)

    @property
    def picture(self) -> Image.Image:
        """Opened with Pillow."""
        return opened(self.data)


Event = JobEvent | PreviewEvent


@dataclass(frozen=True, slots=True)
class PreviewAnswer:
    """A preview as the server sends it; `picture` is a `data:` address."""

    job: str
    image: int
    step: int
    picture: str

    def event(self) -> PreviewEvent:
        """The same with its file."""
        data = b64decode(self.picture.partition(",")[2])
        return PreviewEvent(self.job, self.image, self.step, data)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a job would take; None is what nobody has measured yet.

    Attributes:
        fits: whether memory will do.
        seconds: once it runs alone.
        wait_seconds: until the jobs before it are done.
        by_phase: the seconds taken apart.
        memory_bytes: highest need, weights included.
        memory_total_bytes: what the worker's device has.
        images: how many pictures it has.
        why: on what all this rests, in words.
    """

    fits: bool | None
    seconds: float | None
    wait_seconds: float | None
    by_phase: dict[str, float]
    memory_bytes: int | None
    memory_total_bytes: int
    images: int
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hashes:
    """What a file is known by elsewhere; None until it is computed."""

    sha256: str | None
    autov1: str | None
    autov2: str | None
    autov3: str | None


@dataclass(frozen=True, slots=True)
class Model:
    """A model file; None is not known, or not yet.

    Attributes:
        kind: checkpoint, lora, embedding, vae, … by the folder it lies in.
        name: as requests name it.
        title: of a checkpoint with its hash, as A1111 shows it.
        family: sd1, sd2, sdxl or sdxl_refiner.
        prediction: of a checkpoint: eps, v, edm or edm_v.
        rank: of a LoRA.
        error: why it cannot be read.
    """

    kind: str
    name: str
    title: str
    alias: str | None
    path: str
    bytes: int
    modified: float
    family: str | None
    prediction: str | None
    precision: str | None
    parameters: int | None
    rank: int | None
    error: str | None
    hashes: Hashes
    trigger_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture kept on the server's disk; None is what its infotext does not tell.

    Attributes:
        path: of its file, below the folder of outputs.
        made: Unix seconds.
        is_sheet: whether it shows several pictures.
    """

    id: str
    path: str
    width: int
    height: int
    bytes: int
    made: float
    prompt: str
    negative_prompt: str
    model: str | None
    model_hash: str | None
    sampler: str | None
    schedule: str | None
    seed: int | None
    steps: int | None
    loras: tuple[str, ...]
    owner: str
    is_sheet: bool
    starred: bool
    tags: tuple[str, ...]
    board: str | None


@dataclass(frozen=True, slots=True)
class Worker:
    """The process that paints.

    Attributes:
        state: "ready" if it can take a job.
        reason: why it cannot; empty if it can.
        device: what it computes on; None before it is ready.
        restarts: how often it was started again.
    """

    state: str
    reason: str
    device: str | None
    restarts: int


@dataclass(frozen=True, slots=True)
class Queue:
    """Jobs that wait, and how long they will."""

    waiting: int
    oldest_seconds: float
    remaining_seconds: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """The server itself.

    Attributes:
        versions: of tintype and python.
        images_running: pictures in work just now.
        images_per_minute: of late.
    """

    uptime_seconds: float
    versions: dict[str, str]
    worker: Worker
    queue: Queue
    images_running: int
    images_per_minute: float


@dataclass(frozen=True, slots=True)
class PngInfo:
    """What a picture says of how it was made.

    Attributes:
        info: the infotext; "" if there is none.
        items: its other texts.
        parameters: the infotext read, with A1111's defaults.
    """

    info: str
    items: dict[str, object]
    parameters: dict[str, object]


def opened(data: bytes) -> Image.Image:
    """A picture from the bytes of its file, read to the end."""
    from PIL import Image  # only where somebody looks at a picture here

    picture = Image.open(BytesIO(data))
    picture.load()
    return picture
