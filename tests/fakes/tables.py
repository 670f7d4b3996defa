"""A job table on a real database in a temporary folder, and clocks that do as they are told."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tests.fakes.plans import small_plan

from tintype.core.jobs import Admission, Command, Event, ImageKept, Job, Painted, Pixels
from tintype.core.settings import JobsConfig, Limits
from tintype.jobs import JobFolder, JobStore, JobTable, JobView

T = TypeVar("T")

PICTURE = Painted(Pixels(1, 1, b"\1\2\3"))


@dataclass
class Clocks:
    """A steady clock and a wall clock."""

    steady: float = 100.0
    wall: float = 1_000_000.0


@dataclass
class Desk:
    """A table, as a supervisor and a client use it.

    Attributes:
        sent: commands to the worker.
    """

    table: JobTable
    folder: Path
    clocks: Clocks
    sent: list[Command] = field(default_factory=list[Command])

    async def admit(self, images: int = 1, **settings: Any) -> str:
        """A job of small pictures; settings of `Admission`."""
        plans = tuple(small_plan(seed=seed, steps=4) for seed in range(images))
        return await self.table.admit(Admission(plans, **settings))

    async def claim(self, in_flight: int = 100) -> Job | None:
        """The next job, given to the worker."""
        job = await self.table.claim(in_flight)
        if job is not None:
            self.table.given(job.id)
        return job

    async def claimed(self, in_flight: int = 100) -> str | None:
        """Its id."""
        job = await self.claim(in_flight)
        return None if job is None else job.id

    def tell(self, *events: Event) -> None:
        """The worker says so."""
        for event in events:
            self.table.take(event)

    def keep(self, job_id: str, image: int = 0, painted: Painted = PICTURE) -> None:
        """The worker finishes a picture."""
        JobFolder(self.folder / "jobs" / job_id).keep(image, painted)
        self.tell(ImageKept(job_id, image))

    async def seen(self, job_id: str) -> JobView:
        """The job as it stands."""
        view = await self.table.view(job_id)
        assert view is not None
        return view


async def settled(desk: Desk) -> None:
    """Wait until everything that was said is written."""
    await desk.table.views(limit=1)


def at_desk(
    folder: Path,
    scene: Callable[[Desk], Awaitable[T]],
    *,
    config: JobsConfig | None = None,
    limits: Limits | None = None,
    clocks: Clocks | None = None,
    crashes: bool = False,
) -> T:
    """Play a scene at a table.

    Args:
        folder: holds database and jobs; a second scene finds what the first left.
        scene: what happens.
        config: how jobs are kept.
        limits: of the queue.
        clocks: to be turned by hand.
        crashes: leave the table as a killed process would, instead of closing it.
    """
    clocks = clocks or Clocks()

    async def play() -> T:
        store = JobStore(folder / "jobs.sqlite")
        table = JobTable(
            store,
            folder / "jobs",
            limits,
            config,
            clock=lambda: clocks.steady,
            wall=lambda: clocks.wall,
        )
        desk = Desk(table, folder, clocks)
        table.attach(lambda: None, desk.sent.append)
        try:
            return await asyncio.wait_for(scene(desk), 20)
        finally:
            await settled(desk)
            if crashes:
                await asyncio.to_thread(store.close)
            else:
                await table.shut()

    return asyncio.run(play())
