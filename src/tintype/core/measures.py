"""What a worker has measured of its own passes: the ground for row budgets and forecasts."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["denoise", "encode pixels", "decode", "upscale", "find faces", "restore face"]


@dataclass(frozen=True, slots=True)
class Measure:
    """Passes of one kind, shape and number of rows.

    Attributes:
        checkpoint: stem of its file; of the last three that of the network they ask.
        kind: what was run.
        height: of the latents, in cells; of pictures, in eights of pixels.
        width: likewise.
        rows: in one pass.
        passes: how many were measured.
        seconds: of one pass, the recent ones counting most.
        peak_bytes: highest memory above what was held before the pass; 0 where it was not seen.
    """

    checkpoint: str
    kind: Kind
    height: int
    width: int
    rows: int
    passes: int
    seconds: float
    peak_bytes: int = 0
