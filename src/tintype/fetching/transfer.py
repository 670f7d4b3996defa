"""Getting one file here, whole, through cut connections and busy servers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import sleep

from tintype.errors import FetchError
from tintype.fetching.offers import Body, RangeRefused, RemoteFile, TransientFault
from tintype.fetching.part import Part
from tintype.fetching.web import Explain, Web

_ATTEMPTS = 6  # in a row without a byte
_LONGEST_PAUSE_SECONDS = 30.0
_LOOK_AT_SPACE_BYTES = 256 * 2**20  # where nobody says how much will come

Tell = Callable[[str, int, int | None], None]
"""Is told the name of a file, the bytes that are here, and of how many."""


def tell_nobody(_name: str, _here: int, _total: int | None) -> None:
    """For those who want to hear nothing."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How files are fetched.

    Attributes:
        tell: is told how far it is.
        pause: waits that many seconds.
    """

    tell: Tell = field(default=tell_nobody)
    pause: Callable[[float], None] = field(default=sleep)


class _Changed(Exception):  # noqa: N818 - it is told nobody
    """What is there now is not what our part is of."""


def patiently(ask: Callable[[], None], made_progress: Callable[[], bool], manner: Manner) -> None:
    """Ask until it works, with growing pauses while nothing moves.

    Raises:
        FetchError: nothing has moved for several attempts.
    """
    failed = 0
    while True:
        try:
            return ask()
        except TransientFault as fault:
            failed = 1 if made_progress() else failed + 1
            if failed >= _ATTEMPTS:
                raise FetchError(f"{fault}; given up after {failed} attempts") from fault
            wait = min(2.0 ** (failed - 1), _LONGEST_PAUSE_SECONDS)
            manner.pause(wait if fault.wait_seconds is None else fault.wait_seconds)


@dataclass(frozen=True, slots=True)
class Site:
    """A server that has models and says in JSON what they are.

    Attributes:
        endpoint: its address, without a slash at the end.
        web: asks it.
        manner: how often, and how long to wait.
    """

    endpoint: str
    web: Web
    manner: Manner

    def ask(self, path: str, explain: Explain) -> dict[str, object]:
        """What it says under a path of its API. Raises `FetchError`."""
        said: dict[str, object] = {}
        url = f"{self.endpoint}/api/{path}"
        patiently(lambda: said.update(self.web.json(url, explain)), lambda: False, self.manner)
        return said


def receive(remote: RemoteFile, part: Part, manner: Manner) -> tuple[str, bool]:
    """Complete a part.

    Args:
        remote: the file; its size and hash are held against what comes.
        part: what of it is here, and where the rest goes.
        manner: how.

    Returns:
        the SHA-256 of the whole file, and whether it had been stated beforehand.

    Raises:
        FetchError: it does not come, or is another file than was said. What cannot be gone on
            with is taken away.
        SetupError: the disk is too small.
    """
    resumed = _begin(remote, part)
    stated: list[str] = [] if remote.sha256 is None else [remote.sha256]
    try:
        _receive_all(remote, part, manner, stated)
        _check_hash(remote, part, stated)
    except _Changed:
        if not resumed:
            part.discard()
            raise FetchError(
                f"{remote.source.address} is not what was expected: SHA-256 {part.sha256} came, "
                f"{stated[0]} was said; it is taken away"
            ) from None
        part.begin(_promise(remote, None, None))
        return receive(remote, part, manner)
    return part.sha256, bool(stated)


def _begin(remote: RemoteFile, part: Part) -> bool:
    """Whether there is something to go on with."""
    is_same = part.promise.get("sha256") == remote.sha256 and (
        remote.sha256 is not None or part.promise.get("source") == remote.source.address
    )
    if part.size and is_same:
        return True
    part.begin(_promise(remote, None, None))
    return False


def _receive_all(remote: RemoteFile, part: Part, manner: Manner, stated: list[str]) -> None:
    size = part.size

    def ask() -> None:
        nonlocal size
        size = part.size
        _receive_some(remote, part, manner, stated)

    patiently(ask, lambda: part.size > size, manner)


def _receive_some(remote: RemoteFile, part: Part, manner: Manner, stated: list[str]) -> None:
    if part.size and (part.size == remote.bytes or part.sha256 == remote.sha256):
        return
    version = part.promise.get("version") if remote.sha256 is None else None
    start = part.size if remote.sha256 or version else 0  # else the rest could be another file's
    try:
        with remote.source.open(start, version if isinstance(version, str) else None) as body:
            _agree(remote, part, body)
            if body.sha256 is not None and not stated:
                stated.append(body.sha256)
            _take(remote, part, body, manner)
    except RangeRefused:
        if part.size and part.size == part.promise.get("total"):
            return
        part.begin(_promise(remote, None, None))
        raise TransientFault(f"{remote.source.address} has changed") from None


def _agree(remote: RemoteFile, part: Part, body: Body) -> None:
    """Settle whether what comes continues the part, begins it, or is of no use."""
    if remote.bytes is not None and body.total not in (None, remote.bytes):
        raise FetchError(
            f"{remote.source.address} has {body.total} bytes, where {remote.bytes} were announced"
        )
    if body.start not in (0, part.size):
        raise FetchError(f"{remote.source.address} sends another part than was asked for")
    is_same = part.promise.get("version") in (None, body.version)
    if body.start and not (is_same or remote.sha256):
        part.begin(_promise(remote, None, None))
        raise TransientFault(f"{remote.source.address} has changed")
    if body.start == 0:
        part.begin(_promise(remote, body.version, body.total))
    if body.total is not None:
        part.check_space(body.total - part.size)


def _take(remote: RemoteFile, part: Part, body: Body, manner: Manner) -> None:
    total = body.total if body.total is not None else remote.bytes
    looked_at = part.size
    for block in body.blocks:
        if total is not None and part.size + len(block) > total:
            part.begin({})
            raise FetchError(f"{remote.source.address} sends more than the {total} bytes it said")
        if total is None and part.size >= looked_at:
            part.check_space(_LOOK_AT_SPACE_BYTES)
            looked_at = part.size + _LOOK_AT_SPACE_BYTES
        part.append(block)
        manner.tell(remote.name, part.size, total)
    if total is not None and part.size < total:
        raise TransientFault(f"{remote.source.address} ended after {part.size} of {total} bytes")


def _check_hash(remote: RemoteFile, part: Part, stated: list[str]) -> None:
    if stated and part.sha256 != stated[0]:
        raise _Changed


def _promise(remote: RemoteFile, version: str | None, total: int | None) -> dict[str, object]:
    return {
        "source": remote.source.address,
        "sha256": remote.sha256,
        "version": version,
        "total": total,
    }


def small(remote: RemoteFile, most_bytes: int, manner: Manner) -> bytes:
    """The whole of a small file.

    Raises:
        FetchError: it does not come, or is longer.
    """
    data = bytearray()

    def ask() -> None:
        data.clear()
        with remote.source.open(0, None) as body:
            for block in body.blocks:
                data.extend(block)
                if len(data) > most_bytes:
                    raise FetchError(f"{remote.source.address} is longer than {most_bytes} bytes")

    patiently(ask, lambda: False, manner)
    return bytes(data)
