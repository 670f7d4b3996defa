"""All routes of A1111's API."""

from fastapi import APIRouter

from tintype.server.sdapi import (
    generation,
    interrogating,
    lists,
    memory,
    pictures,
    progress,
    stopping,
    switching,
    training,
)

router = APIRouter(prefix="/sdapi/v1", tags=["sdapi"])
router.include_router(generation.router)
router.include_router(pictures.router)
router.include_router(interrogating.router)
router.include_router(progress.router)
router.include_router(lists.router)
router.include_router(switching.router)
router.include_router(memory.router)
router.include_router(training.router)
router.include_router(stopping.router)
