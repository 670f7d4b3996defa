"""Jobs and what is said about them between the front process and a worker."""

from dataclasses import dataclass, field
from typing import Literal

from tintype.core.captioners import CaptionerRecord, CaptionSettings
from tintype.core.enlarging import AnyPlan
from tintype.core.measures import Measure
from tintype.core.models import ModelRecord

Priority = Literal["interactive", "normal", "batch"]
PRIORITIES: tuple[Priority, ...] = ("interactive", "normal", "batch")
"""The first goes before the others wherever work is chosen, in the queue and in the engine."""


@dataclass(frozen=True, slots=True)
class Job:
    """Pictures somebody waits for.

    Attributes:
        id: unique, chosen at admission.
        plans: what to compute, at least one, all of one kind; each is one picture.
        priority: who goes first.
        draft_steps: pause every image after so many calls of the U-Net, until the job is given
            again without; None to paint to the end.
        finished: images that an earlier attempt has finished; they are not painted again.
    """

    id: str
    plans: tuple[AnyPlan, ...]
    priority: Priority = "normal"
    draft_steps: int | None = None
    finished: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Admission:
    """A job to be let in, and what is to be remembered of how it came.

    Attributes:
        plans: one for each picture, at least one.
        owner: whose it is; "" where nobody logs in.
        dialect: how it was asked for, say "sdapi/txt2img".
        request: what was asked for, as JSON, to be shown again; no pictures in it.
        priority: who goes first.
        idempotency_key: a second admission by the same owner under it gives the first job; None
            for no such promise.
        fingerprint: digest of the request; the same key with another one is an error.
        draft_steps: see `Job`.
        webhook: whom to tell of the end, a URL, or None.
    """

    plans: tuple[AnyPlan, ...]
    owner: str = ""
    dialect: str = "native"
    request: bytes = b"{}"
    priority: Priority = "normal"
    idempotency_key: str | None = None
    fingerprint: str = ""
    draft_steps: int | None = None
    webhook: str | None = None


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
class Painted:
    """A finished picture, and what else was asked for with it.

    Attributes:
        beside: its mask, what was repainted alone, earlier turns.
        is_partial: it was stopped before its end: an interrupted picture, or a draft.
    """

    pixels: Pixels
    beside: tuple[Pixels, ...] = ()
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class Timings:
    """Where the time of a job went, in seconds.

    A pass shared with strangers counts in full for each of them.

    Attributes:
        load: reading checkpoints that were not in memory.
        encode: text encoder, and pictures to latents.
        denoise: U-Net.
        decode: autoencoder.
        total: from the worker's taking the job to its last picture.
        passes: forward passes of the U-Net the job took part in.
        rows_per_pass: rows in those passes on average, other jobs' included.
        replayed: calls of the U-Net whose answers came from the log of an earlier attempt.
        upscale: networks that enlarge pictures.
    """

    load: float = 0.0
    encode: float = 0.0
    denoise: float = 0.0
    decode: float = 0.0
    total: float = 0.0
    passes: int = 0
    rows_per_pass: float = 0.0
    replayed: int = 0
    upscale: float = 0.0


@dataclass(frozen=True, slots=True)
class CudaMemory:
    """A GPU's memory in bytes; pairs are what it is now, and the highest of late.

    Attributes:
        free_bytes: that nobody holds, other processes included.
        total_bytes: that there are.
        active_bytes: of blocks in use, or that a stream has not let go of yet.
        allocated_bytes: of tensors.
        reserved_bytes: that torch holds.
        inactive_bytes: of those, pieces of blocks it cannot give back.
        retries: allocations that were tried again after torch had given back what it could.
        out_of_memory: allocations that failed.
    """

    free_bytes: int
    total_bytes: int
    active_bytes: tuple[int, int]
    allocated_bytes: tuple[int, int]
    reserved_bytes: tuple[int, int]
    inactive_bytes: tuple[int, int]
    retries: int
    out_of_memory: int


@dataclass(frozen=True, slots=True)
class Tally:
    """What a worker has done and how it is doing, counted since its start.

    Attributes:
        passes: forward passes by kind of order ("denoise", "encode", "encode pixels", "decode").
        rows: rows in them, by the same kinds.
        seconds: time in them, by the same kinds.
        loads: checkpoints read from disk.
        load_seconds: time for that.
        prompt_hits: prompts found encoded.
        prompt_misses: prompts encoded.
        out_of_memory: passes that had to be split for want of memory.
        resident: names of the checkpoints in memory.
        resident_vaes: names of the autoencoders in memory that are files of their own.
        resident_bytes: what the weights of all of them take.
        memory_bytes: what the process holds: of the GPU's memory, or resident in RAM.
        memory_total_bytes: what there is.
        cuda: the GPU's memory in detail; None on a CPU.
        active: images under way.
        step_seconds: of the last pass of the U-Net.
        step_rows: rows of that pass.
        measures: how long passes of each shape take, and what memory they need.
    """

    passes: dict[str, int] = field(default_factory=dict[str, int])
    rows: dict[str, int] = field(default_factory=dict[str, int])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    loads: int = 0
    load_seconds: float = 0.0
    prompt_hits: int = 0
    prompt_misses: int = 0
    out_of_memory: int = 0
    resident: tuple[str, ...] = ()
    resident_vaes: tuple[str, ...] = ()
    resident_bytes: int = 0
    memory_bytes: int = 0
    memory_total_bytes: int = 0
    cuda: CudaMemory | None = None
    active: int = 0
    step_seconds: float = 0.0
    step_rows: int = 0
    measures: tuple[Measure, ...] = ()


# Front to worker


@dataclass(frozen=True, slots=True)
class Submit:
    """Run this job; go on from its log where there is one."""

    job: Job


@dataclass(frozen=True, slots=True)
class Cancel:
    """Forget this job; answered with `JobCancelled` if it was still running."""

    job_id: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Finish images of this job now: what they have become is decoded, and they end as partial.

    Images that the U-Net has not seen yet are left out. Answered with `ImageDone` for the others,
    and with `JobDone` once no image is left.

    Attributes:
        images: which ones, or None for all.
    """

    job_id: str
    images: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Send previews of this job, at most one in so many seconds; 0 to send no more."""

    job_id: str
    every_seconds: float


@dataclass(frozen=True, slots=True)
class Load:
    """Have a checkpoint in memory before anybody asks for it, as soon as nothing runs.

    Answered with `Settled`. One that is overtaken by a later `Load` or `Unload` is not done.
    """

    wish: int
    checkpoint: ModelRecord


@dataclass(frozen=True, slots=True)
class Unload:
    """Give back the memory of all weights, as soon as nothing runs. Answered with `Settled`."""

    wish: int


@dataclass(frozen=True, slots=True)
class Describe:
    """Say what is in a picture; a pass of it goes between those of the jobs.

    Answered with `Described`.

    Attributes:
        number: chosen by the front.
        pixels: RGB, a square as large as the captioner sees.
    """

    number: int
    captioner: CaptionerRecord
    pixels: Pixels
    settings: CaptionSettings


@dataclass(frozen=True, slots=True)
class Forget:
    """Nobody waits for this `Describe` any more; not answered."""

    number: int


@dataclass(frozen=True, slots=True)
class Stop:
    """End the process once everything running is done, or parked for later.

    Attributes:
        seconds: how long running jobs may go on; what is left then ends where it is, its log
            whole, and goes on in the next process.
    """

    seconds: float = 20.0


Command = Submit | Cancel | Interrupt | Watch | Load | Unload | Describe | Forget | Stop


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
class Preview:
    """What an image of a watched job looks like by now."""

    job_id: str
    image: int
    step: int
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class ImageDone:
    """An image of a job is finished.

    Attributes:
        beside: what else was asked for with it: its mask, what was repainted alone, earlier turns.
        is_partial: it was stopped before its end: an interrupted picture, or a draft.
    """

    job_id: str
    image: int
    pixels: Pixels
    beside: tuple[Pixels, ...] = ()
    is_partial: bool = False


@dataclass(frozen=True, slots=True)
class ImageKept:
    """What crosses the pipe in place of `ImageDone`: the picture is in the job's folder."""

    job_id: str
    image: int


@dataclass(frozen=True, slots=True)
class JobDone:
    """All images of a job are finished."""

    job_id: str
    timings: Timings


@dataclass(frozen=True, slots=True)
class JobParked:
    """A job has stopped where it was told to (a draft, or the end of the worker), its log whole."""

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


@dataclass(frozen=True, slots=True)
class Status:
    """How the worker is doing; sent about once a second while it works, and once when it rests."""

    tally: Tally


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a `Load` or `Unload`.

    Attributes:
        wish: the command's.
        error: why the checkpoint cannot be loaded, in words; None where all is as wished, or
            something else has been wished for since.
    """

    wish: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Described:
    """What became of a `Describe`.

    Attributes:
        number: the command's.
        text: the caption.
        failure: None, or whose fault it is that there is none: the file's or ours.
        message: why, in words.
    """

    number: int
    text: str
    failure: Literal["model", "engine"] | None = None
    message: str = ""


Event = (
    WorkerReady
    | Progress
    | Preview
    | ImageDone
    | ImageKept
    | JobDone
    | JobParked
    | JobCancelled
    | JobFailed
    | Status
    | Settled
    | Described
)
