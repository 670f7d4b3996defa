"""Tintype: a self-hosted Stable Diffusion server."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tintype.client import AsyncClient, Client

__all__ = ["INFOTEXT_VERSION", "AsyncClient", "Client", "__version__"]

__version__ = "0.1.0"

INFOTEXT_VERSION = f"v1.10.1-tintype-{__version__}"
"""What infotext says: the A1111 release whose language we speak, which its readers look for."""


def __getattr__(name: str) -> object:
    """The clients, when somebody wants one: a server does not."""
    if name in ("AsyncClient", "Client"):
        from tintype import client

        return getattr(client, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
