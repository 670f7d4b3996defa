"""A request that has its pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tintype.core.jobs import Painted
from tintype.core.requests import Plan
from tintype.server.sdapi.asking.asked import Asked


@dataclass(frozen=True, slots=True)
class Finished:
    """What an answer is made of.

    Attributes:
        asked: what was asked for.
        plans: one for each picture.
        pictures: by image index; fewer than planned if the job was interrupted.
        began: when the job was admitted, local time.
        version: of this program, as infotext says it.
        job_id: of the job, or None.
        owner: whose it is; "" where nobody logs in.
    """

    asked: Asked
    plans: tuple[Plan, ...]
    pictures: Mapping[int, Painted]
    began: datetime
    version: str
    job_id: str | None = None
    owner: str = ""
