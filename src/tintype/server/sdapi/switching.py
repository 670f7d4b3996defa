"""Which weights are used, and which are in memory: autoencoders, unloading and loading again."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from tintype.core.models import ModelRecord
from tintype.server.sdapi.options.table import CHECKPOINT
from tintype.server.services import Services, ServicesOf

router = APIRouter()


@router.get("/sd-modules", summary="The same list, as Forge calls it")
@router.get("/sd-vae", summary="The autoencoders there are in files of their own")
def sd_vae(services: ServicesOf) -> list[dict[str, str]]:
    """By the name that the option `sd_vae` has for each."""
    return [
        {"model_name": record.name, "filename": str(record.path)}
        for record in services.models.vaes()
    ]


@router.post("/refresh-vae", summary="Look at the model folders again")
def refresh_vae(services: ServicesOf) -> None:
    """Finds files that came or went since the start."""
    services.models.refresh()


@router.post("/unload-checkpoint", summary="Give back the memory of all weights")
async def unload_checkpoint(services: ServicesOf) -> dict[str, Any]:
    """Answers once it is free; while jobs run, at once, for it is free when they are done.

    The next picture loads what it needs.
    """
    is_busy = services.jobs.running_count > 0
    freed = services.worker.unload()
    if not is_busy:
        await freed
    return {}


@router.post("/reload-checkpoint", summary="Have the server's checkpoint in memory")
async def reload_checkpoint(services: ServicesOf) -> dict[str, Any]:
    """Answers once it is there, or why it cannot be; while jobs run, at once."""
    checkpoint = await asyncio.to_thread(_wanted, services)
    is_busy = services.jobs.running_count > 0
    loaded = services.worker.load(checkpoint)
    if not is_busy:
        await loaded
    return {}


async def switched(services: Services, changes: Mapping[str, object]) -> None:
    """Change the server's options; another checkpoint begins to be loaded.

    Nobody waits for it: jobs that run keep theirs, and a file that cannot be loaded is the trouble
    of those who ask for a picture by it. Raises as `Options.set`.
    """
    before = await asyncio.to_thread(services.options.checkpoint)
    await asyncio.to_thread(services.options.set, changes)
    after = await asyncio.to_thread(services.options.checkpoint)
    if after is not None and (before is None or after.version != before.version):
        services.worker.load(after)


def _wanted(services: Services) -> ModelRecord:
    return services.models.find(services.options.with_overrides({})[CHECKPOINT])
