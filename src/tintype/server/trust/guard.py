"""The two doors every request comes through, as plain ASGI: our name, and who asks."""

from math import ceil

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from tintype.server.errors import error_body
from tintype.server.trust.hosts import Hosts
from tintype.server.trust.identity import NOBODY, Identity
from tintype.server.trust.login import Login, TurnedAway
from tintype.server.trust.quota import QuotaReached, Quotas
from tintype.server.trust.rights import PROBES, needed

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Tintype"'}
_HARDENED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
}


class HostDoor:
    """Outer door: refuses requests under foreign names, and changes asked for by foreign pages."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app, self._hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host")  # browsers always send one; HTTP/1.0 programs may not
        app, is_ours = self._app, host is None or self._hosts.serves(host)
        if not is_ours and _is_probe(scope):
            app = YesOrNo(app)
        elif not is_ours:
            app = _wrong_host(host or "")
        elif self._is_foreign(scope["method"], headers):
            app = _foreign_page(headers.get("origin") or "another site")
        await app(scope, receive, _hardened(send))

    def _is_foreign(self, method: str, headers: Headers) -> bool:
        host, site = headers.get("host", ""), headers.get("sec-fetch-site")
        return self._hosts.is_foreign(method, host, headers.get("origin"), site)


class LoginDoor:
    """Inner door: asks who it is, what they may and whether they have not had enough."""

    def __init__(self, app: ASGIApp, login: Login, quotas: Quotas) -> None:
        self._app, self._login, self._quotas = app, login, quotas

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "websocket":  # there are none, and none shall come in unasked
            app = WebSocketClose()
        elif scope["type"] == "http":
            client = scope.get("client")
            visitor = self._login.admit(Headers(scope=scope), client[0] if client else "")
            app = self._for(visitor, scope)
        await app(scope, receive, send)

    def _for(self, visitor: Identity | TurnedAway, scope: Scope) -> ASGIApp:
        row = needed(scope["method"], scope["path"])
        if row.right is None:
            scope.setdefault("state", {})["identity"] = NOBODY
            return self._app
        if isinstance(visitor, TurnedAway) and _is_probe(scope):
            scope.setdefault("state", {})["identity"] = NOBODY
            return YesOrNo(self._app)
        if isinstance(visitor, TurnedAway):
            return _turned_away(visitor)
        if row.right not in visitor.rights:
            return _forbidden(visitor, row.right)
        try:
            if row.paints:
                self._quotas.check_rate(visitor)
        except QuotaReached as error:
            return _later(429, "QuotaReached", str(error), error.retry_after_seconds)
        scope.setdefault("state", {})["identity"] = visitor
        return self._app


class YesOrNo:
    """Answers with the status of another answer and nothing else of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def swallowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                await JSONResponse({"ok": status < 400}, status)(scope, receive, send)

        await self._app(scope, receive, swallowed)


def _hardened(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HARDENED.items():
                headers.setdefault(name, value)
        await send(message)

    return with_headers


def _is_probe(scope: Scope) -> bool:
    return scope["method"] in ("GET", "HEAD") and scope["path"] in PROBES


def _wrong_host(host: str) -> JSONResponse:
    text = (
        f"this server does not go by the name {host[:200]!r}; "
        "if it should, start it with --allow-host and that name"
    )
    return JSONResponse(error_body("UnknownHost", text), 421)


def _foreign_page(origin: str) -> JSONResponse:
    text = (
        f"a page of {origin[:200]} may change nothing here; "
        "if it should, start the server with --cors-allow-origins and its address"
    )
    return JSONResponse(error_body("ForeignOrigin", text), 403)


def _turned_away(why: TurnedAway) -> JSONResponse:
    match why.reason:
        case "missing":
            text = "Not authenticated: send basic auth, or a key as Authorization: Bearer tt_…"
            return JSONResponse(error_body("NotAuthenticated", text), 401, _CHALLENGE)
        case "wrong":
            text = "Incorrect username or password, or a key that is not known"
            return JSONResponse(error_body("NotAuthenticated", text), 401, _CHALLENGE)
        case "slow down":
            text = "too many wrong passwords or keys came from your address; try again later"
            return _later(429, "TooManyAttempts", text, why.wait_seconds)


def _forbidden(who: Identity, right: str) -> JSONResponse:
    text = f"{who.owner} lacks the right {right!r}, which this call takes"
    return JSONResponse(error_body("Forbidden", text), 403)


def _later(status: int, name: str, text: str, seconds: float) -> JSONResponse:
    headers = {"Retry-After": str(max(ceil(seconds), 1))}
    return JSONResponse(error_body(name, text), status, headers)
