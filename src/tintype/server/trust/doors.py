"""Hanging the doors into an application."""

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from tintype.server.trust import Trust
from tintype.server.trust.guard import HostDoor, LoginDoor

_READABLE = (
    "Location",
    "Preference-Applied",
    "Retry-After",
    "Server-Timing",
    "X-Process-Time",
    "X-Tintype-Job",
)


def keep_doors(app: FastAPI, trust: Trust) -> None:
    """Ask every request for its host, its origin, its login and its rights, in this order.

    Comes after whatever reads bodies is added, to be around it. Pages of sites that were allowed
    may ask with any method and header, and with credentials, as A1111 has it.
    """
    config = trust.config
    app.add_middleware(LoginDoor, login=trust.login, quotas=trust.quotas)
    if config.cors_origins or config.cors_pattern:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=config.cors_origins,
            allow_origin_regex=config.cors_pattern,
            allow_methods=["*"],
            allow_headers=["*"],
            allow_credentials=True,
            expose_headers=_READABLE,
        )
    app.add_middleware(HostDoor, hosts=trust.hosts)
