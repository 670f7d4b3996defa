"""What the engine has done since it was made."""

from collections import Counter
from dataclasses import dataclass, field

from tintype.core.jobs import Tally
from tintype.core.orders import (
    Decode,
    Denoise,
    Encode,
    EncodePixels,
    FindFaces,
    Glance,
    Order,
    RestoreFace,
    Upscale,
)

_KINDS: dict[type[Order], str] = {
    Denoise: "denoise",
    Encode: "encode",
    EncodePixels: "encode pixels",
    Decode: "decode",
    Glance: "glance",
    Upscale: "upscale",
    FindFaces: "find faces",
    RestoreFace: "restore face",
}


@dataclass(slots=True)
class Counts:
    """Running sums; see `core.jobs.Tally`."""

    passes: Counter[str] = field(default_factory=Counter[str])
    rows: Counter[str] = field(default_factory=Counter[str])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    out_of_memory: int = 0
    step_seconds: float = 0.0
    step_rows: int = 0

    def note(self, order: Order, rows: int, seconds: float) -> None:
        """One pass of this kind."""
        kind = _KINDS[type(order)]
        self.passes[kind] += 1
        self.rows[kind] += rows
        self.seconds[kind] = self.seconds.get(kind, 0.0) + seconds
        if isinstance(order, Denoise):
            self.step_seconds, self.step_rows = seconds, rows

    def tally(self, active: int) -> Tally:
        """The sums as they stand, and so many images under way."""
        return Tally(
            passes=dict(self.passes),
            rows=dict(self.rows),
            seconds=dict(self.seconds),
            out_of_memory=self.out_of_memory,
            active=active,
            step_seconds=self.step_seconds,
            step_rows=self.step_rows,
        )
