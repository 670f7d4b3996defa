"""All routes of our own API."""

from fastapi import APIRouter

from tintype.server.native import captions, models, root, styles, upscales, verify, wildcards
from tintype.server.native.gallery import files, images
from tintype.server.native.jobs import forecast, pictures
from tintype.server.native.jobs import routes as jobs
from tintype.server.native.presets import routes as presets

router = APIRouter(prefix="/v1")
router.include_router(jobs.router, tags=["jobs"])
router.include_router(pictures.router, tags=["jobs"])
router.include_router(upscales.router)
router.include_router(forecast.router, tags=["jobs"])
router.include_router(models.router)
router.include_router(wildcards.router)
router.include_router(captions.router)
router.include_router(presets.router)
router.include_router(images.router)
router.include_router(files.router)
router.include_router(styles.router)
router.include_router(verify.router)
router.get("", tags=["server"], summary="What this is, and where to go on")(root.root)
