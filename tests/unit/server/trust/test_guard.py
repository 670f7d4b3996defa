"""The doors, without a server around them."""

import asyncio
from pathlib import Path
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from tintype.core.settings import TrustConfig
from tintype.keystore import KeyStore
from tintype.server.trust import Trust, trust_of
from tintype.server.trust.guard import LoginDoor, YesOrNo


async def inside(_: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 503, "headers": [(b"x-secret", b"1")]})
    await send({"type": "http.response.body", "body": b"sec", "more_body": True})
    await send({"type": "http.response.body", "body": b"ret"})


def ask(app: Any, **scope: Any) -> list[Message]:
    """What an application sends for a request."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    whole: dict[str, Any] = {"type": "http", "method": "GET", "path": "/readyz", "headers": []}
    whole.update(scope)
    asyncio.run(app(whole, receive, send))
    return sent


def trust(folder: Path) -> Trust:
    """A login that nobody has passed."""
    config = TrustConfig(passwords=(("ann", "one"),))
    return trust_of(config, KeyStore(folder / "keys.sqlite"), "127.0.0.1")


def test_yes_or_no_keeps_the_status_alone() -> None:
    """Nothing of body or headers comes through."""
    start, body = ask(YesOrNo(inside))

    assert (start["status"], body["body"]) == (503, b'{"ok":false}')
    assert b"x-secret" not in dict(start["headers"])


def test_sockets_are_closed_to_everybody(tmp_path: Path) -> None:
    """A way in that no login guards is no way in."""
    doors = trust(tmp_path)
    sent = ask(LoginDoor(inside, doors.login, doors.quotas), type="websocket")

    assert [message["type"] for message in sent] == ["websocket.close"]


def test_strangers_do_not_get_in(tmp_path: Path) -> None:
    """The application is asked for a probe alone."""
    doors = trust(tmp_path)
    door = LoginDoor(inside, doors.login, doors.quotas)

    assert ask(door)[0]["status"] == 503
    assert ask(door, path="/docs")[0]["status"] == 401
    assert ask(door, path="/readyz/x")[0]["status"] == 401
