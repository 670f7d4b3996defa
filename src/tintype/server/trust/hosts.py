"""Under which names we answer, and which pages of other sites may ask us anything."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from tintype.core.addresses import address_in, is_loopback
from tintype.core.settings import TrustConfig

_EVERYWHERE = ("0.0.0.0", "::", "")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:/@?#\s]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Hosts:
    """What `Host` and `Origin` may say.

    A page of a foreign site can have its own name point to this machine (DNS rebinding) and then
    read our answers as its own. Its browser still sends that name as `Host`, which gives it away.

    Attributes:
        bound: name or address the server listens on.
        trust: names and origins that were allowed besides.
        own_names: what this machine is called.
    """

    bound: str
    trust: TrustConfig
    own_names: tuple[str, ...] = ()

    def serves(self, host: str) -> bool:
        """Whether a `Host` header, with or without port, is a name of ours."""
        split = _split(host)
        if split is None:
            return False
        name = split[0]
        if is_loopback(name) or name == self.bound.casefold().rstrip("."):
            return True
        if any(_fits(name, allowed) for allowed in self.trust.allowed_hosts):
            return True
        if self.bound not in _EVERYWHERE:
            return False
        return address_in(name) is not None or name in _with_local(self.own_names)

    def allows_origin(self, origin: str) -> bool:
        """Whether pages of that site were allowed to ask, by name or by pattern."""
        if "*" in self.trust.cors_origins or origin in self.trust.cors_origins:
            return True
        pattern = self.trust.cors_pattern
        return pattern is not None and re.fullmatch(pattern, origin) is not None

    def is_foreign(self, method: str, host: str, origin: str | None, site: str | None) -> bool:
        """Whether a request would change something on the word of another site's page.

        Programs that are no browsers send neither header and are never foreign.

        Args:
            method: of the request.
            host: its `Host`.
            origin: its `Origin`; "null" is another site.
            site: its `Sec-Fetch-Site`.
        """
        if method in _SAFE_METHODS:
            return False
        if origin:
            return not self.allows_origin(origin) and not _is_same(origin, host)
        return site == "cross-site"


def _split(host: str) -> tuple[str, int | None] | None:
    match = _HOST.fullmatch(host.strip().casefold())
    if match is None:
        return None
    return match[1].strip("[]").rstrip("."), int(match[2]) if match[2] else None


def _fits(name: str, allowed: str) -> bool:
    allowed = allowed.casefold().strip("[]").rstrip(".")
    if allowed.startswith("*."):
        return name.endswith(allowed[1:])
    return allowed in ("*", name)


def _with_local(names: tuple[str, ...]) -> set[str]:
    plain = {name.casefold() for name in names if name}
    return plain | {f"{name}.local" for name in plain}


def _is_same(origin: str, host: str) -> bool:
    """Scheme apart, which a reverse proxy may have changed on the way."""
    try:
        page = urlsplit(origin)
        port = page.port
    except ValueError:
        return False
    ours = _split(host)
    if ours is None or page.hostname is None or page.scheme not in _PORTS:
        return False
    usual = _PORTS[page.scheme]
    return (page.hostname.rstrip("."), port or usual) == (ours[0], ours[1] or usual)
