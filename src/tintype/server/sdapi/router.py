"""All routes of A1111's API."""

from fastapi import APIRouter

from tintype.server.sdapi import lists, progress, txt2img

router = APIRouter(prefix="/sdapi/v1", tags=["sdapi"])
router.include_router(txt2img.router)
router.include_router(progress.router)
router.include_router(lists.router)
