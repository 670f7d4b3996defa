"""How fast jobs have gone lately: the ground for what is said of those that wait."""

from collections import deque

_REMEMBERED = 16


class Pace:
    """Durations of the last jobs."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_REMEMBERED)

    def note(self, seconds: float) -> None:
        """A job is done after so long with workers."""
        self._seconds.append(seconds)

    def until_place(self, running: int) -> float | None:
        """Seconds to the next end of a job where so many run; None before any was measured."""
        if not self._seconds:
            return None
        return self._mean / max(running, 1)

    def until_done(self, place: int, running: int) -> float | None:
        """Seconds until a job with so many before it is done, where so many run."""
        seconds = self.until_place(running)
        return None if seconds is None else seconds * (place + 1) + self._mean

    @property
    def _mean(self) -> float:
        return sum(self._seconds) / len(self._seconds)
