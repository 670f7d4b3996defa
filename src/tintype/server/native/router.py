"""All routes of our own API."""

from fastapi import APIRouter

from tintype.server.native import forecast, jobs, models, pictures

router = APIRouter(prefix="/v1", tags=["jobs"])
router.include_router(jobs.router)
router.include_router(pictures.router)
router.include_router(forecast.router)
router.include_router(models.router)
