"""Habits of A1111's clients that are neither right nor wrong, taken in before anything else looks.

Plain ASGI, outside the doors: what they check is what will be answered.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Receive, Scope, Send

_SPOKEN = (
    "/sdapi/",
    "/internal/",
    "/controlnet/",
    "/adetailer/",
    "/sd_extra_networks/",
    "/queue/",
    "/config/",
)
_NOT_SAID = ("", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream")


class Habits:
    """For A1111's addresses alone: takes a slash at the end away, and bodies as JSON.

    Of bodies those that come without a Content-Type, or with one that their sender's library put
    there by itself: as plain text or as a form, which none of these calls has a use for.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_SPOKEN):
            scope["path"] = scope["path"].rstrip("/")
            if scope["method"] not in ("GET", "HEAD", "OPTIONS"):
                _have_it_json(scope)
        await self._app(scope, receive, send)


def _have_it_json(scope: Scope) -> None:
    headers = MutableHeaders(scope=scope)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _NOT_SAID:
        headers["content-type"] = "application/json"
