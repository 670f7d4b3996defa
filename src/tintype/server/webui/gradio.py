"""Calls that A1111's page answers through Gradio, as far as clients make them without a page."""

from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tintype.server.services import ServicesOf
from tintype.server.trust.identity import IdentityOf
from tintype.server.trust.login import Credentials

router = APIRouter(tags=["gradio"])

_GRADIO = "3.41.2"  # whose shapes these are


@router.get("/queue/status", summary="How many wait")
async def queue_status(services: ServicesOf) -> dict[str, Any]:
    """All waiting jobs, and the seconds until they are done where that can be said."""
    return {
        "msg": "estimation",
        "rank": None,
        "queue_size": services.jobs.waiting_count,
        "avg_event_process_time": None,
        "avg_event_concurrent_process_time": None,
        "rank_eta": None,
        "queue_eta": services.jobs.backlog_seconds() or 0,
    }


@router.get("/config", summary="What the page is made of: nothing")
async def config() -> dict[str, Any]:
    """There is no page of Gradio's here; clients look for its version and its components."""
    return {
        "version": _GRADIO,
        "mode": "blocks",
        "dev_mode": False,
        "title": "Tintype",
        "components": [],
        "layout": {"children": []},
        "dependencies": [],
        "css": None,
        "stylesheets": [],
        "theme": "default",
        "enable_queue": True,
        "is_space": False,
        "is_colab": False,
        "show_api": True,
        "show_error": True,
    }


@router.post("/login", summary="Are these the right words?", response_class=JSONResponse)
async def login(request: Request, services: ServicesOf) -> Response:
    """A form with `username` and `password`. Nothing is remembered: each call shows its login."""
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    user, password = (form.get(name, [""])[0] for name in ("username", "password"))
    own = services.trust.login
    if own.is_on and own.known(Credentials(user, password)) is None:
        return JSONResponse({"detail": "Incorrect credentials."}, 400)
    return JSONResponse({"success": True})


@router.get("/login_check", summary="Was I let in?")
async def login_check() -> dict[str, str]:
    """Whoever gets here was; others get 401."""
    return {"status": "ok"}


@router.get("/user", summary="Who am I?")
async def user(identity: IdentityOf) -> str | None:
    """The name of the user or key; null where nobody is asked."""
    return identity.owner or None
