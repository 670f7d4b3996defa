"""How far a task is that its caller gave a name."""

import asyncio
from base64 import b64encode
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from tintype.jobs import FINAL, JobView
from tintype.server.sdapi.asking.lenient import Boolean, Integer, Text
from tintype.server.sdapi.glimpses import Glimpse
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import Identity, IdentityOf

router = APIRouter()

_MOST_LISTED = 1000
_FORMATS = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp"}


class ProgressBody(BaseModel):
    """Body of POST /internal/progress."""

    id_task: Text | None = None
    id_live_preview: Integer = -1
    live_preview: Boolean = True


@router.post("/progress", summary="How far one task is")
async def progress(
    body: ProgressBody, services: ServicesOf, identity: IdentityOf
) -> dict[str, Any]:
    """By the `force_task_id` of the call that began it, or by the id of its job.

    `live_preview` is a data URI once there is a newer one than `id_live_preview`.
    """
    name = body.id_task or ""
    view = await services.tasks.find(name, identity, services.jobs) if name else None
    if view is None or view.state != "running":
        return _at_rest(view, services)
    shown = await _live_preview(view, body, services)
    return _told(view) | {
        "active": True,
        "progress": view.fraction,
        "eta": view.remaining_seconds,
        **shown,
    }


@router.get("/pending-tasks", summary="The tasks that wait")
async def pending_tasks(services: ServicesOf, identity: IdentityOf) -> dict[str, Any]:
    """The oldest first, by their names or else the ids of their jobs; one's own."""
    waiting = await _waiting(services, identity)
    tasks = [services.tasks.name_of(view.id) for view in waiting]
    return {"size": len(tasks), "tasks": tasks}


async def _waiting(services: Services, identity: Identity) -> list[JobView]:
    owner = None if identity.manages else identity.owner
    newest_first = await services.jobs.views(owner, "queued", _MOST_LISTED)
    return newest_first[::-1]


def _at_rest(view: JobView | None, services: Services) -> dict[str, Any]:
    told = _told(view)
    if view is not None and view.state == "queued":
        told["textinfo"] = f"In queue: {(view.place or 0) + 1}/{services.jobs.waiting_count}"
    return told


def _told(view: JobView | None) -> dict[str, Any]:
    state = "" if view is None else view.state
    return {
        "active": False,
        "queued": state == "queued",
        "completed": state in FINAL,
        "progress": None,
        "eta": None,
        "live_preview": None,
        "id_live_preview": -1,
        "textinfo": None if state == "running" else "Waiting...",
    }


async def _live_preview(view: JobView, body: ProgressBody, services: Services) -> dict[str, Any]:
    known = {"live_preview": None, "id_live_preview": body.id_live_preview}
    if not body.live_preview:
        return known
    options = services.options.with_overrides({})
    glimpse = services.glimpses.of(view.id, services.jobs, options)
    if glimpse is None or glimpse.number == body.id_live_preview:
        return known
    kind = _FORMATS.get(str(options["live_previews_image_format"]).lower(), "png")
    uri = await asyncio.to_thread(_as_uri, glimpse, kind)
    return {"live_preview": uri, "id_live_preview": glimpse.number}


def _as_uri(glimpse: Glimpse, kind: str) -> str:
    from tintype.imaging import encoded, picture_of  # not needed to answer the door

    image = picture_of(glimpse.preview.pixels)
    data = encoded(image, kind, None, quality=80, webp_lossless=False)
    return f"data:image/{kind};base64,{b64encode(data).decode('ascii')}"
