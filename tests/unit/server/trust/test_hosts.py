"""Names we go by, and pages that may ask."""

import pytest

from tintype.core.settings import TrustConfig
from tintype.server.trust.hosts import Hosts

LOCAL = Hosts("127.0.0.1", TrustConfig(), ("studio",))
OPEN = Hosts("0.0.0.0", TrustConfig(), ("studio",))


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:7860", "127.0.0.1:7860", "127.3.2.1", "[::1]:7860", "a.localhost"],
)
def test_loopback_names_are_always_ours(host: str) -> None:
    """Whatever the server listens on."""
    assert LOCAL.serves(host)
    assert OPEN.serves(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.nip.io",
        "localhost.evil.example",
        "evil.example:7860",
        "",
        "a b",
        "localhost@evil.example",
        "[::1",
        "localhost:7860:7860",
        "localhost/evil.example",
        "studio.evil.example",
    ],
)
def test_foreign_names_are_not_ours(host: str) -> None:
    """A page that has its own name point to this machine gives itself away."""
    assert not LOCAL.serves(host)
    assert not OPEN.serves(host)


@pytest.mark.parametrize("host", ["192.168.1.7:7860", "[2001:db8::1]:80", "studio", "Studio.local"])
def test_addresses_and_own_names_are_ours_when_bound_to_all(host: str) -> None:
    """An address cannot be pointed elsewhere; on loopback nobody comes by it."""
    assert OPEN.serves(host)
    assert not LOCAL.serves(host)


def test_the_bound_name_is_ours() -> None:
    """And no other address."""
    bound = Hosts("192.168.1.7", TrustConfig())
    assert bound.serves("192.168.1.7:7860")
    assert not bound.serves("192.168.1.8")


@pytest.mark.parametrize(
    ("allowed", "host", "is_ours"),
    [
        ("sd.example.org", "SD.example.org:443", True),
        ("sd.example.org", "x.sd.example.org", False),
        ("*.example.org", "sd.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "evilexample.org", False),
        ("*", "anything.example", True),
    ],
)
def test_further_names_can_be_allowed(allowed: str, host: str, is_ours: bool) -> None:  # noqa: FBT001
    """One by one, all under a name, or all."""
    assert Hosts("127.0.0.1", TrustConfig(allowed_hosts=(allowed,))).serves(host) is is_ours


@pytest.mark.parametrize(
    ("origin", "host", "is_foreign"),
    [
        ("http://127.0.0.1:7860", "127.0.0.1:7860", False),
        ("https://sd.example.org", "sd.example.org", False),
        ("http://[::1]:7860", "[::1]:7860", False),
        ("http://localhost:3000", "localhost:7860", True),
        ("http://evil.example", "localhost:7860", True),
        ("null", "localhost:7860", True),
        ("file://", "localhost:7860", True),
        ("http://localhost:x", "localhost:7860", True),
    ],
)
def test_other_sites_change_nothing(origin: str, host: str, is_foreign: bool) -> None:  # noqa: FBT001
    """Origin and Host must be the same place; a proxy may have changed the scheme."""
    assert LOCAL.is_foreign("POST", host, origin, None) is is_foreign
    assert LOCAL.is_foreign("DELETE", host, origin, "same-origin") is is_foreign
    assert not LOCAL.is_foreign("GET", host, origin, "cross-site")


def test_a_browser_that_says_cross_site_is_believed() -> None:
    """Also without an Origin; programs say neither, and may."""
    assert LOCAL.is_foreign("POST", "localhost", None, "cross-site")
    assert not LOCAL.is_foreign("POST", "localhost", None, "same-origin")
    assert not LOCAL.is_foreign("POST", "localhost", None, None)


def test_allowed_sites_are_not_foreign() -> None:
    """By name, by a pattern that fits the whole origin, or all of them."""
    config = TrustConfig(cors_origins=("http://a:3000",), cors_pattern=r"https://\w+\.b\.org")
    hosts = Hosts("127.0.0.1", config)

    assert hosts.allows_origin("http://a:3000")
    assert hosts.allows_origin("https://x.b.org")
    assert not hosts.allows_origin("https://x.b.org.evil.example")
    assert not hosts.allows_origin("http://a:3001")
    assert not hosts.is_foreign("POST", "localhost", "http://a:3000", "cross-site")
    assert Hosts("127.0.0.1", TrustConfig(cors_origins=("*",))).allows_origin("http://any")
