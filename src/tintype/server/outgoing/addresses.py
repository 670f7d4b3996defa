"""Where this server may connect to on somebody's word: to the public internet, not to its own."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from tintype.errors import InvalidRequest, shown

_RESOLVE_SECONDS = 5.0
_LOOKING_UP = ThreadPoolExecutor(8, "tintype-names")
"""Threads of their own: names that are slow to be found hold up nothing but other names."""

_NAT64 = IPv6Network("64:ff9b::/96")  # the last four bytes are an IPv4 address (RFC 6052)
_UNICAST = IPv6Network("2000::/3")  # all IPv6 that is public; ways to IPv4 lie beside it
_PROTOCOLS = IPv4Network("192.0.0.0/24")  # RFC 6890; Oracle's metadata, and no internet
_METADATA = frozenset({IPv4Address("168.63.129.16")})  # Azure's, in the midst of public ones


async def public_address(host: str, port: int, field: str = "url") -> str:
    """The address behind a name, if it is one that anybody may reach.

    Connect to what is returned and not to the name: a name may mean something else a moment later.

    Args:
        host: a name or an address, without brackets.
        port: where it is meant to be reached.
        field: what an error calls the address.

    Raises:
        InvalidRequest: the name is not known, or any address behind it is private, loopback,
            link-local, multicast or that of a cloud's metadata.
    """
    addresses = await _resolved(host, port, field)
    for address in addresses:
        if not is_public(address):
            raise InvalidRequest(
                field, f"{shown(host)} is an address of a private network; expected a public one"
            )
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address, as text, is one of the public internet."""
    ip = _inner(ip_address(address.partition("%")[0]))
    is_outside = ip in _UNICAST if isinstance(ip, IPv6Address) else ip not in _PROTOCOLS
    return is_outside and ip.is_global and not ip.is_multicast and ip not in _METADATA


def _inner(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that is meant, where one is wrapped in an IPv6 address."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in _NAT64:
        return IPv4Address(ip.packed[-4:])
    tunnel = ip.teredo[1] if ip.teredo else None
    return ip.ipv4_mapped or ip.sixtofour or tunnel or ip


async def _resolved(host: str, port: int, field: str) -> list[str]:
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            look = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
            found = await asyncio.get_running_loop().run_in_executor(_LOOKING_UP, look)
    except (OSError, UnicodeError, ValueError) as error:  # a timeout is an OSError
        raise InvalidRequest(field, f"there is no address for {shown(host)}") from error
    return [str(address[0]) for *_, address in found]
