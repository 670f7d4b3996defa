"""Pictures behind URLs, fetched from real servers on loopback."""

import asyncio
import threading
from base64 import b64decode
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tintype.errors import InvalidRequest
from tintype.server.outgoing.fetching import Fetcher, is_url

PICTURE = b"\x89PNG and so on"


class Pages(BaseHTTPRequestHandler):
    """A site with a picture, ways that lead to it, and ways that lead elsewhere."""

    def do_GET(self) -> None:
        self.server.asked.append((self.headers["Host"], self.path))  # type: ignore[attr-defined]
        match self.path.strip("/").split("/"):
            case ["picture"]:
                self._answer(200, PICTURE)
            case ["away", count]:
                left = int(count) - 1
                self._answer(302, b"", Location=f"/away/{left}" if left else "/picture")
            case ["inside"]:
                self._answer(302, b"", Location="http://inside.example/picture")
            case ["file"]:
                self._answer(302, b"", Location="file:///etc/passwd")
            case ["stall"]:
                self.server.stop.wait(30)  # type: ignore[attr-defined]
            case _:
                self._answer(404, b"nothing")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


class Site(ThreadingHTTPServer):
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Pages)
        self.asked: list[tuple[str, str]] = []
        self.stop = threading.Event()


@contextmanager
def running(site: Site) -> Generator[Site]:
    """The site, serving."""
    thread = threading.Thread(target=site.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield site
    finally:
        site.stop.set()
        site.shutdown()
        thread.join()
        site.server_close()


@pytest.fixture
def site() -> Generator[Site]:
    """A running site."""
    with running(Site()) as served:
        yield served


async def resolve(host: str, port: int, field: str) -> str:
    """Names as they are on this page: everything outside is on loopback."""
    if host == "inside.example":
        raise InvalidRequest(field, "an address of a private network")
    return "127.0.0.1"


def fetch(site: Site, path: str, **options: Any) -> bytes:
    """What is fetched from the site under a name of its own."""
    url = f"http://pictures.example:{site.server_port}/{path}"

    async def run() -> str:
        told: dict[str, Any] = {"is_on": True, "resolve": resolve}
        fetcher = Fetcher(**(told | options))
        return await fetcher.as_base64(url, "init_images")

    return b64decode(asyncio.run(run()))


def test_a_picture_is_fetched_under_its_name(site: Site) -> None:
    """The connection goes to the address that was looked at; Host has the name."""
    assert fetch(site, "picture") == PICTURE
    assert site.asked == [(f"pictures.example:{site.server_port}", "/picture")]


def test_base64_is_left_as_it_is() -> None:
    """Whether URLs are fetched or not."""
    assert asyncio.run(Fetcher(is_on=False).as_base64("aGk=", "mask")) == "aGk="


@pytest.mark.parametrize("text", ["http://x", " HTTPS://x", "Http://"])
def test_urls_are_told_from_base64(text: str) -> None:
    """In any case, with white space in front."""
    assert is_url(text)
    assert not is_url("httpaGk=")


def test_off_means_off(site: Site) -> None:
    """Nobody is asked, and the refusal says how to turn it on."""
    with pytest.raises(InvalidRequest, match=r"init_images: .*--allow-url-inits"):
        fetch(site, "picture", is_on=False)
    assert site.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "http://[::1]:1/x",
        "http://2130706433:1/x",
        "http://0x7f.1:1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/x",
        "http://localhost:1/x",
        "http://user:word@example.org/x",
        "http:///x",
        "http://a:99999/",
        "http://[::1/",
        "https://exa mple.org/\n",
    ],
)
def test_private_addresses_are_refused(url: str) -> None:
    """However they are written; and what is no address."""
    with pytest.raises(InvalidRequest, match="init_images: "):
        asyncio.run(Fetcher(is_on=True).as_base64(url, "init_images"))


def test_redirects_are_followed_thrice(site: Site) -> None:
    """A fourth one is refused."""
    assert fetch(site, "away/3") == PICTURE
    with pytest.raises(InvalidRequest, match="more than 3 redirects"):
        fetch(site, "away/4")


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("inside", "private network"),
        ("file", "expected an http:// or https:// address"),
        ("nothing", "the address answered 404"),
    ],
)
def test_redirects_are_looked_at_anew(site: Site, path: str, complaint: str) -> None:
    """A public name may not send us inside, nor to another scheme."""
    with pytest.raises(InvalidRequest, match=complaint):
        fetch(site, path)
    assert len(site.asked) == 1


def test_more_bytes_than_allowed_are_not_read(site: Site) -> None:
    """The bound is inclusive."""
    assert fetch(site, "picture", most_bytes=len(PICTURE)) == PICTURE
    with pytest.raises(InvalidRequest, match=f"more than {len(PICTURE) - 1} bytes"):
        fetch(site, "picture", most_bytes=len(PICTURE) - 1)


def test_waiting_has_an_end(site: Site) -> None:
    """A site that says nothing is given up."""
    with pytest.raises(InvalidRequest, match=r"did not come within 0\.2 s"):
        fetch(site, "stall", seconds=0.2)


def test_nobody_there_is_said(site: Site) -> None:
    """A refused connection is the caller's to mend."""
    site.server_close()
    with pytest.raises(InvalidRequest, match="nothing could be fetched from"):
        asyncio.run(
            Fetcher(is_on=True, resolve=resolve).as_base64("http://x.example:1/", "init_images")
        )
