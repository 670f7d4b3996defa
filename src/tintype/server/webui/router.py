"""All routes that A1111's page and its extensions call beside /sdapi."""

from fastapi import APIRouter

from tintype.server.webui import adetailer, cards, controlnet, diagnostics, gradio, progress

_internal = APIRouter(prefix="/internal", tags=["internal"])
_internal.include_router(progress.router)
_internal.include_router(diagnostics.router)

router = APIRouter()
router.include_router(_internal)
router.include_router(gradio.router)
router.include_router(cards.router)
router.include_router(controlnet.router)
router.include_router(adetailer.router)
