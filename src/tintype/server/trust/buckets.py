"""Token buckets: so many at once, and so many more as time goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from time import monotonic

_MOST_REMEMBERED = 4096


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """A bucket for each name, full at first; those that are full again are forgotten."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, name: str, per_minute: int) -> float:
        """Seconds until there is a token, 0.0 where there is one now."""
        bucket = self._filled(name, per_minute)
        return max(0.0, (1 - bucket.tokens) * 60 / per_minute)

    def take(self, name: str, per_minute: int) -> None:
        """Take a token; what is not there is owed, down to an empty bucket."""
        bucket = self._filled(name, per_minute)
        bucket.tokens = max(0.0, bucket.tokens - 1)
        self._buckets[name] = bucket
        if len(self._buckets) > _MOST_REMEMBERED:
            self._forget(per_minute)

    def _filled(self, name: str, per_minute: int) -> _Bucket:
        now = self._clock()
        bucket = self._buckets.get(name) or _Bucket(per_minute, now)
        gained = (now - bucket.at) * per_minute / 60
        bucket.tokens, bucket.at = min(per_minute, bucket.tokens + gained), now
        return bucket

    def _forget(self, per_minute: int) -> None:
        """Those that are full again; then the half that has been left alone for longest."""
        now = self._clock()
        kept = [
            (name, bucket)
            for name, bucket in self._buckets.items()
            if bucket.tokens + (now - bucket.at) * per_minute / 60 < per_minute
        ]
        kept.sort(key=lambda pair: pair[1].at)
        self._buckets = dict(kept[-_MOST_REMEMBERED // 2 :])


def neighbourhood(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 network of an IPv6 one."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, IPv6Address):
        mapped = ip.ipv4_mapped
        return str(mapped) if mapped else ip.packed[:8].hex()
    return str(ip)
