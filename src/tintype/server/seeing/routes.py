"""`GET /metrics` for Prometheus, `GET /v1/status` for `tintype top` and whoever else looks."""

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from tintype.server.seeing.counts import Counts
from tintype.server.seeing.edge import Seen
from tintype.server.seeing.journal import tell_end
from tintype.server.seeing.snapshot import Snapshot, snapshot_of
from tintype.server.seeing.status import status_of
from tintype.server.services import Services
from tintype.server.trust.identity import IdentityOf

router = APIRouter(tags=["seeing"])


@dataclass(frozen=True, slots=True)
class Seeing:
    """What an application counts, and since when (unix seconds)."""

    services: Services
    counts: Counts
    since: float

    def now(self) -> Snapshot:
        """How everything is at this moment."""
        return snapshot_of(self.services, self.counts, self.since)


def watch(app: FastAPI, services: Services) -> None:
    """Count what goes through an application, log it, and answer who asks about it.

    Comes after every other middleware is added, to be the outermost one.
    """
    seeing = Seeing(services, Counts(), time.time())
    app.state.seeing = seeing
    services.jobs.on_end(seeing.counts.note_job)
    services.jobs.on_end(tell_end)
    app.include_router(router)
    app.add_middleware(Seen, counts=seeing.counts)


def _seeing(request: Request) -> Seeing:
    return cast("Seeing", request.app.state.seeing)


SeeingOf = Annotated[Seeing, Depends(_seeing)]


@router.get("/metrics", summary="Numbers for Prometheus", response_class=PlainTextResponse)
async def metrics(request: Request, seeing: SeeingOf) -> Response:
    """The text form that the scraper's `Accept` asks for."""
    accept = request.headers.get("accept", "")
    text, content_type = await asyncio.to_thread(_exposed, seeing.now(), accept)
    return Response(text, headers={"Content-Type": content_type})


def _exposed(snapshot: Snapshot, accept: str) -> tuple[bytes, str]:
    from tintype.server.seeing.metrics import exposed  # not before somebody scrapes

    return exposed(snapshot, accept)


@router.get("/v1/status", summary="How everything is: worker, queue, running jobs, measures")
async def status(seeing: SeeingOf, identity: IdentityOf) -> JSONResponse:
    """One look at the whole server; jobs of others without their names."""
    body: dict[str, Any] = status_of(seeing.now(), identity)
    return JSONResponse(body)
