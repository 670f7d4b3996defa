"""The application: routes, the edge around them, and the worker's life beside it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from tintype.server import health, pages
from tintype.server.edge.habits import Habits
from tintype.server.edge.middleware import BodyLimit, Edge
from tintype.server.edge.packing import Packed
from tintype.server.errors import DESCRIBED, register_errors
from tintype.server.native.router import router as native
from tintype.server.openai.errors import InTheirShape
from tintype.server.openai.router import router as openai
from tintype.server.reference import TAGS, operation_id, with_examples
from tintype.server.sdapi.router import router as sdapi
from tintype.server.seeing import watch
from tintype.server.services import Services
from tintype.server.trust.doors import keep_doors
from tintype.server.webui.router import router as webui

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
        openapi_tags=TAGS,
        generate_unique_id_function=operation_id,
    )
    app.state.services = services
    for router in (pages.router, health.router, sdapi, native, webui, openai):
        app.include_router(router)
    register_errors(app)
    app.add_middleware(Packed)
    app.add_middleware(BodyLimit, max_bytes=max_body_bytes)
    keep_doors(app, services.trust)
    app.add_middleware(Habits)
    app.add_middleware(Edge)
    app.add_middleware(InTheirShape)
    watch(app, services)
    app.openapi = _described(app.openapi)
    return app


def _described(openapi: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """The description with examples; FastAPI keeps what it has once made."""
    return lambda: with_examples(openapi())


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    services: Services = app.state.services
    services.jobs.on_end(services.webhooks.job_ended)
    services.worker.start()
    services.webhooks.start()
    yield
    await services.webhooks.stop()
    await services.worker.stop()
