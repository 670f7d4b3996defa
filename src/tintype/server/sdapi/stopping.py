"""Ending the server by a call, where its owner has allowed that."""

import signal

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from starlette.background import BackgroundTask

from tintype.server.errors import error_body
from tintype.server.services import Services, ServicesOf

router = APIRouter()

_NOT_ALLOWED = (
    "ending the server by a call is off; start it with --api-server-stop to allow it, "
    "or end it with Ctrl+C or SIGTERM"
)


@router.post("/server-stop", summary="End the server", response_class=PlainTextResponse)
async def server_stop(services: ServicesOf) -> Response:
    """In order, as SIGTERM does: running jobs finish or are parked. Takes `--api-server-stop`."""
    return _ending(services, "Stopping.")


@router.post("/server-kill", summary="The same as server-stop", response_class=PlainTextResponse)
async def server_kill(services: ServicesOf) -> Response:
    """A1111's ends on the spot; this one loses no job."""
    return _ending(services, "Stopping.")


@router.post(
    "/server-restart",
    summary="End the server, to be started again",
    response_class=PlainTextResponse,
    responses={501: {"description": "Nobody would start it again"}},
)
async def server_restart(services: ServicesOf) -> Response:
    """501 unless `TINTYPE_STARTED_AGAIN=1` says that whatever runs the server starts it again."""
    if services.config.stops_by_call and not services.config.is_started_again:
        return Response(status_code=501)
    return _ending(services, "Restarting.")


def _ending(services: Services, text: str) -> Response:
    if not services.config.stops_by_call:
        return JSONResponse(error_body("NotAllowed", _NOT_ALLOWED), 404)
    return PlainTextResponse(text, background=BackgroundTask(_end))


async def _end() -> None:
    """Once the answer is sent; on the event loop's thread, where the handler of signals runs."""
    signal.raise_signal(signal.SIGTERM)
