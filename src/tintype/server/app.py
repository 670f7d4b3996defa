"""The application: routes, the edge around them, and the worker's life beside it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from tintype.server import health, pages
from tintype.server.errors import DESCRIBED, register_errors
from tintype.server.middleware import BodyLimit, Edge
from tintype.server.native.router import router as native
from tintype.server.sdapi.router import router as sdapi
from tintype.server.seeing import watch
from tintype.server.services import Services
from tintype.server.trust.doors import keep_doors

MAX_BODY_BYTES = 32 * 1024 * 1024


def create_app(services: Services, max_body_bytes: int = MAX_BODY_BYTES) -> FastAPI:
    """The HTTP application over these collaborators.

    Its lifespan starts and stops the supervision of the worker.

    Args:
        services: what the routes work with.
        max_body_bytes: larger bodies are refused with 413.
    """
    app = FastAPI(
        title="Tintype",
        version=services.version,
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        responses=DESCRIBED,
    )
    app.state.services = services
    for router in (pages.router, health.router, sdapi, native):
        app.include_router(router)
    app.add_api_route("/internal/ping", _ping, tags=["sdapi"], summary="Is anybody there?")
    register_errors(app)
    app.add_middleware(BodyLimit, max_bytes=max_body_bytes)
    keep_doors(app, services.trust)
    app.add_middleware(Edge)
    watch(app, services)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    services: Services = app.state.services
    services.jobs.on_end(services.webhooks.job_ended)
    services.worker.start()
    services.webhooks.start()
    yield
    await services.webhooks.stop()
    await services.worker.stop()


async def _ping() -> dict[str, str]:
    return {}
