"""What is asked for, and what exactly will be done."""

from dataclasses import dataclass

from tintype.core.models import ModelRecord


@dataclass(frozen=True, slots=True)
class Request:
    """A picture asked for, in our words, whatever the dialect it came in.

    Attributes:
        prompt: what to show.
        negative_prompt: what to avoid.
        seed: of the first image; −1 for any.
        steps: denoising steps.
        cfg_scale: classifier-free guidance scale.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        sampler: its name, which may carry a schedule ("DPM++ 2M Karras").
        schedule: its name or label, or None for what the sampler's name says.
        images: how many, with seeds counting up.
        clip_skip: text encoder layers to stop from the end, 1 for none left out.
        checkpoint: name, title, stem or hash of the model, or None for the server's own.
    """

    prompt: str = ""
    negative_prompt: str = ""
    seed: int = -1
    steps: int = 20
    cfg_scale: float = 7.0
    width: int = 512
    height: int = 512
    sampler: str = "DPM++ 2M"
    schedule: str | None = None
    images: int = 1
    clip_skip: int = 1
    checkpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Exactly what will be computed; the same plan gives the same pictures on any day.

    Attributes:
        seeds: one for each image.
        sampler: canonical name.
        schedule: label of the resolved schedule ("Karras").
        checkpoint: the file, its hash pinned.
    """

    prompt: str
    negative_prompt: str
    seeds: tuple[int, ...]
    steps: int
    cfg_scale: float
    width: int
    height: int
    sampler: str
    schedule: str
    clip_skip: int
    checkpoint: ModelRecord
