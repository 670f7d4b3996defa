"""All routes of A1111's API."""

from fastapi import APIRouter

from tintype.server.sdapi import generation, lists, pictures, progress, switching

router = APIRouter(prefix="/sdapi/v1", tags=["sdapi"])
router.include_router(generation.router)
router.include_router(pictures.router)
router.include_router(progress.router)
router.include_router(lists.router)
router.include_router(switching.router)
