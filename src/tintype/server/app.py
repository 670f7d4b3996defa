"""The application: routes, the edge around them, and the worker's life beside it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from tintype.server import health, pages
from tintype.server.errors import register_errors
from tintype.server.middleware import BodyLimit, Edge
from tintype.server.sdapi.router import router as sdapi
from tintype.server.services import Services

MAX_BODY_BYTES = 32 * 1024 * 1024


def create_app(services: Services, max_body_bytes: int = MAX_BODY_BYTES) -> FastAPI:
    """The HTTP application over these collaborators.

    Its lifespan starts and stops the supervision of the worker.

    Args:
        services: what the routes work with.
        max_body_bytes: larger bodies are refused with 413.
    """
    app = FastAPI(
        title="Tintype", version=services.version, docs_url=None, redoc_url=None, lifespan=_lifespan
    )
    app.state.services = services
    for router in (pages.router, health.router, sdapi):
        app.include_router(router)
    app.add_api_route("/internal/ping", _ping, tags=["sdapi"], summary="Is anybody there?")
    register_errors(app)
    app.add_middleware(BodyLimit, max_bytes=max_body_bytes)
    app.add_middleware(Edge)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    services: Services = app.state.services
    services.worker.start()
    yield
    await services.worker.stop()


async def _ping() -> dict[str, str]:
    return {}
