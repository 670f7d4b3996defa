"""Running the application on a socket that is already bound."""

import socket
from collections.abc import Callable
from math import ceil

import uvicorn
from fastapi import FastAPI

from tintype.core.settings import TrustConfig
from tintype.server.trust.connections import MOST_HEADER_BYTES, Doorkeeper


class _Server(uvicorn.Server):
    """A server that says when it has begun to answer, and when it is about to stop."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_started: Callable[[], None],
        on_stopping: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._on_started, self._on_stopping = on_started, on_stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stopping()
        await super().shutdown(sockets)


def run(
    app: FastAPI,
    listener: socket.socket,
    on_started: Callable[[], None],
    on_stopping: Callable[[], None],
    trust: TrustConfig,
    grace_seconds: float,
) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        app: what to serve.
        listener: a listening socket; connections that came early are waiting in it.
        on_started: called once requests are answered.
        on_stopping: called when asked to stop, before running requests get their grace.
        trust: which proxies are believed, how many connections an address may open.
        grace_seconds: for running requests, once asked to stop.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        forwarded_allow_ips=list(trust.forwarded_by),
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        http=Doorkeeper(trust).protocol,
        lifespan="on",
        log_config=None,
        log_level="warning",
        proxy_headers=bool(trust.forwarded_by),
        server_header=False,
        timeout_graceful_shutdown=ceil(grace_seconds),
        ws="none",
    )
    _Server(config, on_started, on_stopping).run(sockets=[listener])
