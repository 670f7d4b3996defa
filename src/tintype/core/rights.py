"""What a person or a program that was let in may do, and how much of it."""

from dataclasses import dataclass
from typing import Literal

Right = Literal["paint", "see", "manage"]
RIGHTS: tuple[Right, ...] = ("paint", "see", "manage")
"""To have pictures made; to read lists and their own jobs; everybody's jobs and the options."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much somebody may ask for; None for no bound.

    Attributes:
        per_minute: requests for pictures in a minute, at most so many at once.
        images_per_day: pictures in a day of UTC, counted when they are asked for.
        queued: jobs that wait at the same time.
    """

    per_minute: int | None = None
    images_per_day: int | None = None
    queued: int | None = None
