"""How fast passes go, from one look at a server to the next."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_WINDOW = 10  # looks over which a rate is taken

Status = Mapping[str, Any]
"""What `/v1/status` says."""


@dataclass(slots=True)
class Rates:
    """Passes of the U-Net over the last looks."""

    _looks: deque[tuple[float, int, int]] = field(
        default_factory=lambda: deque[tuple[float, int, int]](maxlen=_WINDOW)
    )

    def note(self, status: Status) -> None:
        """Remember a look; one at another worker begins anew."""
        tally = status["tally"]
        look = status["uptime_seconds"], _denoising(tally, "passes"), _denoising(tally, "rows")
        if self._looks and (look[0] < self._looks[-1][0] or look[1] < self._looks[-1][1]):
            self._looks.clear()
        self._looks.append(look)

    @property
    def passes_per_second(self) -> float | None:
        """None before the second look."""
        seconds, passes, _ = self._since_first()
        return passes / seconds if seconds else None

    @property
    def rows_per_pass(self) -> float | None:
        """Of the passes between the looks, else of all; None without any."""
        _, passes, rows = self._since_first()
        if not passes and self._looks:
            _, passes, rows = self._looks[-1]
        return rows / passes if passes else None

    def _since_first(self) -> tuple[float, int, int]:
        if not self._looks:
            return 0.0, 0, 0
        first, last = self._looks[0], self._looks[-1]
        return last[0] - first[0], last[1] - first[1], last[2] - first[2]


def _denoising(tally: Status, name: str) -> int:
    return tally[name].get("denoise", 0)
