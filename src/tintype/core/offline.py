"""Keeping a process from talking to any other machine, whatever its code or libraries try."""

import errno
import sys
from typing import Any, cast

from tintype.core.addresses import is_loopback

_PLACE_AT = {  # audit events of sockets: which of their arguments says where to
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}


def stay_offline() -> None:
    """From now on, look-ups of names and connections beyond loopback fail as without a network.

    It holds until the process ends and cannot be undone. Sockets that are bound or accepted are
    left alone, and so are those without an address: pipes, and what is connected already.
    """
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    at = _PLACE_AT.get(event)
    if at is not None and not _is_near(arguments[at]):
        raise OSError(errno.ENETDOWN, "this process stays offline (--offline, TINTYPE_OFFLINE)")


def _is_near(place: object) -> bool:
    if isinstance(place, tuple):
        place = cast("tuple[object, ...]", place)[0]
    elif not isinstance(place, str):
        return True  # no address at all, or one of a local socket
    if isinstance(place, bytes):
        place = place.decode("ascii", "replace")
    return not isinstance(place, str) or is_loopback(place)
