"""Where a URL that somebody sent leads to."""

import pytest

from tintype.errors import InvalidRequest
from tintype.server.outgoing.pinning import host_and_port, pinned


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hook",
        "ftp://example.com",
        "file:///etc/passwd",
        "http://",
        "http://exa mple.com",
        "http://example.com/\n",
        "http://example.com:99999",
        "http://[::1",
        "http://user:secret@example.com",
        "http://user@example.com",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    """Other schemes, torn addresses, and those with a login in them."""
    with pytest.raises(InvalidRequest, match=r"^webhook: "):
        host_and_port(url, "webhook")


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://example.com/a b.png", ("example.com", 80)),
        ("https://example.com", ("example.com", 443)),
        ("https://[2606:4700::1]:8443/x", ("2606:4700::1", 8443)),
    ],
)
def test_ports_follow_from_schemes(url: str, place: tuple[str, int]) -> None:
    """Unless one is named; a path may hold what it likes."""
    assert host_and_port(url, "url") == place


def test_a_pinned_url_keeps_its_name_beside_the_address() -> None:
    """In `Host`, with its port, and for the certificate, without."""
    to = pinned("https://example.com:8443/x?y=1", "203.0.113.7")

    assert str(to.url) == "https://203.0.113.7:8443/x?y=1"
    assert (to.headers, to.extensions) == (
        {"Host": "example.com:8443"},
        {"sni_hostname": "example.com"},
    )
