"""What each room is told at the start; only `tintype.settings` decides these values."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where the front door listens.

    Attributes:
        host: name or address to bind to; the default is reached from this machine alone.
        port: TCP port, 0 for any free one.
    """

    host: str = "127.0.0.1"
    port: int = 7860


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How a worker computes.

    Attributes:
        device: "auto", "cpu" or "cuda:N"; auto takes the first CUDA device, else the CPU.
        max_rows: latents of 64 × 64 cells in one forward pass at most; of smaller ones more. A
            guided image fills two.
        threads: CPU threads of one worker, or None for torch's own choice.
    """

    device: str = "auto"
    max_rows: int = 8
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Where files are.

    Attributes:
        model_roots: absolute folders laid out as A1111 does, the first one asked first.
        data: absolute folder for what Tintype writes; it need not exist yet.
    """

    model_roots: tuple[Path, ...]
    data: Path


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single request may ask for; all bounds are inclusive.

    Attributes:
        min_side: shortest width or height, in pixels.
        max_side: longest width or height, in pixels.
        max_pixels: width times height, of one image.
        max_steps: denoising steps; A1111's page ends at the same number.
        max_cfg_scale: classifier-free guidance scale; 0 is the smallest.
        max_images: images of one request.
        max_prompt_chars: characters of the prompt, and again of the negative prompt.
        queue_length: jobs that may wait before further ones are sent away.
    """

    min_side: int = 8
    max_side: int = 4096
    max_pixels: int = 2048 * 2048
    max_steps: int = 150
    max_cfg_scale: float = 100.0
    max_images: int = 64
    max_prompt_chars: int = 20_000
    queue_length: int = 256
