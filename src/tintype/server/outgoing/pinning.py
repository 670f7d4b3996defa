"""Calls that this server makes on somebody's word: to the very address that was looked at.

A name is looked up once and has to lead to a public address (`addresses`); what connects goes to
this address. A name that means another one a moment later (DNS rebinding) does no harm.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tintype.errors import InvalidRequest, shown

if TYPE_CHECKING:
    import httpx

Resolve = Callable[[str, int, str], Awaitable[str]]
"""The address to connect to for host, port and field; raises `InvalidRequest` if out of bounds."""

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Pinned:
    """A URL with its name replaced by an address.

    Attributes:
        url: where to connect to.
        headers: `Host`, with the name.
        extensions: of httpx: the name that a certificate has to show.
    """

    url: "httpx.URL"
    headers: dict[str, str]
    extensions: dict[str, str]


def host_and_port(url: str, field: str) -> tuple[str, int]:
    """Where a URL leads.

    Args:
        url: anything somebody sent.
        field: what an error calls it.

    Raises:
        InvalidRequest: it is no http(s) address, or carries a login.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidRequest(field, f"{shown(url)} cannot be read as an address") from error
    is_clean = url.isprintable() and " " not in parts.netloc
    if parts.scheme not in _PORTS or not parts.hostname or not is_clean:
        raise InvalidRequest(field, f"expected an http:// or https:// address, got {shown(url)}")
    if parts.username is not None or parts.password is not None:
        raise InvalidRequest(
            field, "a name and password in an address are not sent; leave them out"
        )
    return parts.hostname, port or _PORTS[parts.scheme]


def pinned(url: str, address: str) -> Pinned:
    """The URL at an address. Raises `httpx.InvalidURL`."""
    import httpx

    named = httpx.URL(url)
    return Pinned(
        named.copy_with(host=address),
        {"Host": named.netloc.decode("ascii")},
        {"sni_hostname": named.raw_host.decode("ascii")},
    )
