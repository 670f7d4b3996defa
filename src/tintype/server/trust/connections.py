"""What a client may do to a connection before its request is there: little, and not for long."""

import json
from collections import Counter
from ipaddress import ip_address, ip_network
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tintype.core.settings import TrustConfig
from tintype.server.errors import error_body
from tintype.server.trust.buckets import neighbourhood

MOST_HEADER_BYTES = 32 * 1024
"""Of the request line and all headers together; 400 beyond."""

_HEAD_SECONDS = 30.0


class Doorkeeper:
    """Makes the protocol of each new connection, and counts them by address."""

    def __init__(self, config: TrustConfig, head_seconds: float = _HEAD_SECONDS) -> None:
        self._most = config.connections_per_address
        self._forwarding = tuple(config.forwarded_by)
        self.head_seconds = head_seconds
        self._open = Counter[str]()

    @property
    def protocol(self) -> type[H11Protocol]:
        """What uvicorn makes one of for each connection."""
        keeper = self

        class Kept(_Protocol):
            _keeper = keeper

        return Kept

    def enter(self, address: str) -> bool:
        """Count a connection; whether it may stay."""
        client = neighbourhood(address)
        self._open[client] += 1
        return self._open[client] <= self._most or self._forwards(address)

    def leave(self, address: str) -> None:
        """A counted connection is gone."""
        client = neighbourhood(address)
        self._open[client] -= 1
        if self._open[client] <= 0:
            del self._open[client]

    def _forwards(self, address: str) -> bool:
        """Whether it is a trusted proxy, which brings everybody's requests."""
        return any(_is_within(address, network) for network in self._forwarding)


class _Protocol(H11Protocol):
    """uvicorn's, with an end to waiting for what a client does not send.

    While a request is being answered its body is the application's to wait for. Before, and after
    an answer that did not wait for the body, a client has so many seconds.
    """

    _keeper: Doorkeeper
    _timer: Any = None
    _address = ""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._address = self.client[0] if self.client else ""
        if self._keeper.enter(self._address):
            self._watch()
            return
        text = "too many connections from your address are open; close some of them"
        self._end(429, "TooManyConnections", text)

    def connection_lost(self, exc: Exception | None) -> None:
        self._keeper.leave(self._address)
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def _watch(self) -> None:
        theirs = self.conn.their_state
        is_unread = theirs is h11.SEND_BODY and self.conn.our_state is not h11.SEND_RESPONSE
        if theirs is not h11.IDLE and not is_unread:
            self._stop_timer()
        elif self._timer is None and not self.transport.is_closing():
            self._timer = self.loop.call_later(self._keeper.head_seconds, self._give_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        self._timer = None
        if self.conn.our_state is h11.IDLE and not self.transport.is_closing():
            text = f"no whole request came within {self._keeper.head_seconds:g} s"
            self._end(408, "RequestTimeout", text)
        else:
            self.transport.close()

    def _end(self, status: int, name: str, text: str) -> None:
        body = json.dumps(error_body(name, text)).encode()
        head = (
            f"HTTP/1.1 {status} \r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def _is_within(address: str, network: str) -> bool:
    if network == "*":
        return True
    try:
        return ip_address(address) in ip_network(network, strict=False)
    except ValueError:
        return address == network
