"""Those who want to be told of a job's changes; the slow get only the newest."""

import asyncio
from dataclasses import dataclass, field

from tintype.core.jobs import Preview


@dataclass(slots=True, eq=False)
class Watcher:
    """Somebody who waits for changes of one job.

    Attributes:
        wants_previews: previews shall be made for it.
        changed: set with every change.
        previews: the newest of each image that was not handed over yet.
    """

    wants_previews: bool
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    previews: dict[int, Preview] = field(default_factory=dict[int, Preview])

    def show(self, preview: Preview) -> None:
        """Hand over a preview, in place of an earlier one of its image."""
        if self.wants_previews:
            self.previews[preview.image] = preview
            self.changed.set()

    def taken(self) -> list[Preview]:
        """The previews that came since the last call."""
        previews, self.previews = list(self.previews.values()), {}
        return previews

    async def wait(self) -> None:
        """For the next change."""
        await self.changed.wait()
        self.changed.clear()
