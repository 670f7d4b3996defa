"""Addresses that work without a login for a while."""

from urllib.parse import parse_qs, urlsplit

from tintype.server.trust.links import Links

PATH = "/v1/pictures/j1/0.png"


class _Clock:
    now = 1000.5

    def __call__(self) -> float:
        return self.now


def _parts(link: str) -> tuple[str, int, str]:
    split = urlsplit(link)
    query = parse_qs(split.query)
    return split.path, int(query["expires"][0]), query["signature"][0]


def test_a_link_works_until_its_time_is_over() -> None:
    """To the second it says, and no longer."""
    clock = _Clock()
    links = Links(lambda: b"s" * 32, clock)
    path, expires, signature = _parts(links.signed(PATH, 60))

    assert (path, expires) == (PATH, 1061)
    assert links.is_good(path, expires, signature)
    clock.now = 1061.0
    assert links.is_good(path, expires, signature)
    clock.now = 1061.1
    assert not links.is_good(path, expires, signature)


def test_no_part_of_a_link_can_be_changed() -> None:
    """Neither path, nor time, nor signature, nor the secret behind it."""
    clock = _Clock()
    links = Links(lambda: b"s" * 32, clock)
    path, expires, signature = _parts(links.signed(PATH))

    assert not links.is_good("/v1/pictures/j2/0.png", expires, signature)
    assert not links.is_good(path, expires + 1, signature)
    assert not links.is_good(path, expires, signature[:-1])
    assert not links.is_good(path, expires, "é")
    assert not Links(lambda: b"t" * 32, clock).is_good(path, expires, signature)


def test_a_link_outlives_its_server() -> None:
    """Another server with the same secret takes it."""
    clock = _Clock()
    link = _parts(Links(lambda: b"s" * 32, clock).signed(PATH))

    assert Links(lambda: b"s" * 32, clock).is_good(*link)
