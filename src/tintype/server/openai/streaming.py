"""Pictures as they come, told as OpenAI's server-sent events.

Source: WHATWG HTML, section 9.2, "Server-sent events"; the names are OpenAI's.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from time import time
from typing import Any

from tintype.core.jobs import Pixels, Preview
from tintype.core.requests import Plan
from tintype.errors import TintypeError, WorkerUnavailable
from tintype.jobs import RESTING, JobView
from tintype.server.native.jobs.events import HEARTBEAT_SECONDS, with_heartbeat
from tintype.server.openai.answers import answered_quality, encoded, size_of, usage_of
from tintype.server.openai.errors import error_of
from tintype.server.openai.painting import Painting
from tintype.server.services import Services

_NAMES = {"generations": "image_generation", "edits": "image_edit", "variations": "image_variation"}
_STOPPED = "the server stopped before this was finished"


async def picture_stream(painting: Painting, services: Services) -> AsyncGenerator[str]:
    """The text of a stream of events, until the job's last picture, or why there is none.

    A client that leaves takes its job with it, unless it is to be kept.
    """
    jobs, wants = services.jobs, painting.body.partial_images
    changes = jobs.changes(painting.job_id, wants > 0)
    never = asyncio.Event()  # the end of the server gives the job the grace of every call
    writer, last = _Writer(painting, services), None
    try:
        async with aclosing(with_heartbeat(changes, never, HEARTBEAT_SECONDS)) as coming:
            async for change in coming:
                if change is None:
                    yield ": still there\n\n"
                    continue
                if isinstance(change, JobView):
                    last = change
                async for text in writer.told(change):
                    yield text
        if (error := _error_in(last)) is not None:
            yield _event("error", {"type": "error", "error": error_of(error)})
    finally:
        if not painting.wish.keeps and (last is None or last.state not in RESTING):
            jobs.cancel(painting.job_id)


def full_size(preview: Pixels, plan: Plan) -> Pixels:
    """A preview as large as its picture is by then; it may have a pixel for each latent cell.

    Clients lay previews over each other, and the picture over them.
    """
    from tintype.imaging import picture_of, pixels_of  # not needed to answer the door

    width, height = plan.width, plan.height
    if plan.hires is not None and preview.width > width:
        width, height = plan.hires.size.width, plan.hires.size.height
    if (preview.width, preview.height) == (width, height):
        return preview
    return pixels_of(picture_of(preview).resize((width, height)))


class _Writer:
    """Tells of each picture once, and of previews when as much of the way is behind them."""

    def __init__(self, painting: Painting, services: Services) -> None:
        self._painting, self._services = painting, services
        self._told = set[int]()
        self._partials: dict[int, int] = {}
        self._name = _NAMES[painting.call]

    async def told(self, change: JobView | Preview) -> AsyncGenerator[str]:
        if isinstance(change, Preview):
            if await self._is_time_for(change):
                yield await self._partial(change)
            return
        for image in sorted(change.finished - self._told):
            self._told.add(image)
            yield await self._completed(image)

    async def _is_time_for(self, preview: Preview) -> bool:
        view = await self._services.jobs.view(preview.job_id)
        made, wants = self._partials.get(preview.image, 0), self._painting.body.partial_images
        if view is None or made >= wants or preview.image in self._told:
            return False
        steps = view.steps[preview.image][1]
        return steps > 0 and preview.step / steps >= (made + 1) / (wants + 1)

    async def _partial(self, preview: Preview) -> str:
        index = self._partials.get(preview.image, 0)
        self._partials[preview.image] = index + 1
        plan = self._painting.plans[preview.image]
        pixels = await asyncio.to_thread(full_size, preview.pixels, plan)
        said = await self._said(pixels, preview.image)
        return self._event("partial_image", {**said, "partial_image_index": index})

    async def _completed(self, image: int) -> str:
        painted = await self._services.jobs.picture(self._painting.job_id, image)
        if painted is None:
            raise ValueError(f"picture {image} is finished and not there: this is a bug")
        said = await self._said(painted.pixels, image)
        usage = await asyncio.to_thread(usage_of, self._painting, [painted.pixels])
        return self._event("completed", {**said, "usage": usage.model_dump()})

    async def _said(self, pixels: Pixels, image: int) -> dict[str, Any]:
        body, plan = self._painting.body, self._painting.plans[image]
        return {
            "b64_json": await asyncio.to_thread(encoded, pixels, plan, body, self._services),
            "created_at": int(time()),
            "size": size_of(pixels),
            "quality": answered_quality(body),
            "background": "opaque",
            "output_format": body.output_format,
            "image_index": image,
        }

    def _event(self, kind: str, said: Mapping[str, Any]) -> str:
        name = f"{self._name}.{kind}"
        return _event(name, {"type": name, **said})


def _event(name: str, said: Mapping[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(said)}\n\n"


def _error_in(view: JobView | None) -> TintypeError | None:
    """Why a job has come to no good end; None where it has."""
    if view is None or view.state not in RESTING:
        return WorkerUnavailable(_STOPPED)
    return None if view.state == "done" else view.error
