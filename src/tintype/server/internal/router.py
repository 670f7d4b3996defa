"""All routes below /internal."""

from fastapi import APIRouter

from tintype.server.internal import diagnostics, progress

router = APIRouter(prefix="/internal", tags=["internal"])
router.include_router(progress.router)
router.include_router(diagnostics.router)
