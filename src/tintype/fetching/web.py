"""HTTP as fetching needs it: tokens for their own host alone, redirects followed one by one."""

import json
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Self, cast
from urllib.parse import urljoin, urlsplit

import httpx

from tintype.errors import FetchError
from tintype.fetching.offers import Body, RangeRefused, TransientFault

_MOST_REDIRECTS = 10
_LONGEST_ANSWER_BYTES = 32 * 2**20  # the file list of the largest repositories has a few MiB
_LONGEST_WAIT_SECONDS = 120.0
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
_PAGES = ("text/html", "application/xhtml+xml")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")

Explain = Callable[[httpx.Response], str | None]
"""What a refusal means in words, by whoever knows the host, or None."""


def origin(url: str) -> str:
    """Scheme, host and port: what a token belongs to."""
    parts = urlsplit(url.lower())
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


class Web:
    """Asks other servers. Each host is given its own token and no other; safe in one thread.

    Args:
        tokens: by `origin`; sent as bearer tokens, never written into messages.
        client: to be used instead of one of our own.
    """

    def __init__(self, tokens: Mapping[str, str], client: httpx.Client | None = None) -> None:
        self._tokens = dict(tokens)
        self._client = client or httpx.Client(
            follow_redirects=False,
            timeout=httpx.Timeout(60.0, connect=15.0),
            headers={"User-Agent": "tintype", "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def has_token(self, url: str) -> bool:
        """Whether the host of an address is sent a token."""
        return origin(url) in self._tokens

    def json(self, url: str, explain: Explain) -> dict[str, object]:
        """A JSON object.

        Raises:
            TransientFault: try again.
            FetchError: it is refused, or is no JSON object of a bounded size.
        """
        with self.stream(url, {"Accept": "application/json"}, explain) as (answer, _):
            data = bytearray()
            for block in _blocks(answer):
                data += block
                if len(data) > _LONGEST_ANSWER_BYTES:
                    raise FetchError(f"{url} answers with more than anybody would read")
        try:
            value: object = json.loads(data)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise FetchError(f"{url} does not answer in JSON; is the address right?")
        return cast("dict[str, object]", value)

    @contextmanager
    def stream(
        self, url: str, headers: Mapping[str, str], explain: Explain
    ) -> Generator[tuple[httpx.Response, httpx.Headers]]:
        """An answer whose body has not been read, and the headers of the first host on the way.

        Raises:
            TransientFault: try again.
            RangeRefused: status 416.
            FetchError: any other refusal, in words.
        """
        first, spoken = origin(url), httpx.Headers()
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._sent(url, headers)
            try:
                if origin(url) == first:
                    spoken.update(answer.headers)
                if not answer.has_redirect_location:
                    _check(answer, url, explain)
                    yield answer, spoken
                    return
                url = _next(url, answer.headers["location"])
            finally:
                answer.close()
        raise FetchError(f"more than {_MOST_REDIRECTS} redirects, the last one to {shortened(url)}")

    def _sent(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        token = self._tokens.get(origin(url))
        own = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            request = self._client.build_request("GET", url, headers={**headers, **own})
            return self._client.send(request, stream=True)
        except httpx.TransportError as error:
            raise _fault(url, error) from error
        except (httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise FetchError(f"{shortened(url)} cannot be asked: {error}") from error


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file behind an address, as a `Source`.

    Attributes:
        web: asks for it.
        url: where it is.
        explain: knows what refusals of its host mean.
    """

    web: Web
    url: str
    explain: Explain = field(default=lambda _: None)

    @property
    def address(self) -> str:
        """The URL without its query, where signatures and tokens are."""
        return shortened(self.url)

    @contextmanager
    def open(self, start: int, version: str | None) -> Generator[Body]:
        """See `Source.open`."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        if start and version:
            headers["If-Range"] = version
        with self.web.stream(self.url, headers, self.explain) as (answer, spoken):
            self._refuse_pages(answer)
            begins, total = _place(answer)
            yield Body(
                start=begins,
                total=total,
                version=_version(answer.headers),
                blocks=_blocks(answer),
                sha256=_stated_hash(spoken),
                media_type=_media_type(answer),
            )

    def _refuse_pages(self, answer: httpx.Response) -> None:
        if _media_type(answer) in _PAGES:
            advice = "check the address" if self.web.has_token(self.url) else "it needs a token"
            raise FetchError(
                f"{self.address} answers with a web page instead of a file: "
                f"perhaps a login, perhaps an error; {advice}"
            )


def shortened(url: str) -> str:
    """A URL without query and fragment: signed addresses carry secrets there."""
    return re.split(r"[?#]", url, maxsplit=1)[0]


def _next(url: str, location: str) -> str:
    target = urljoin(url, location)
    scheme = urlsplit(target).scheme
    if scheme not in ("https", "http") or (scheme == "http" and url.startswith("https:")):
        raise FetchError(f"{shortened(url)} leads on to {shortened(target)}, which is not safe")
    return target


def _check(answer: httpx.Response, url: str, explain: Explain) -> None:
    status, where = answer.status_code, shortened(url)
    if status in (200, 206):
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise FetchError(f"{where} sends the file packed although it was asked not to")
        return
    if status == 416:
        raise RangeRefused(where)
    wait = _asked_to_wait(answer)
    if wait is not None and wait > _LONGEST_WAIT_SECONDS:
        raise FetchError(f"{where} answers {status} and asks to come again in {wait:.0f} s")
    if status in _TRANSIENT:
        raise TransientFault(f"{where} answers {status}", wait)
    raise FetchError(explain(answer) or _plain_words(status, where))


def _plain_words(status: int, where: str) -> str:
    match status:
        case 401 | 403:
            return f"{where} answers {status}: it needs a token, or another one; see --token"
        case 404 | 410:
            return f"there is nothing at {where}"
        case _:
            return f"{where} answers {status}"


def _asked_to_wait(answer: httpx.Response) -> float | None:
    """Seconds of `Retry-After`, given as such or as a date."""
    text = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    known = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (known - datetime.now(UTC)).total_seconds())


def _place(answer: httpx.Response) -> tuple[int, int | None]:
    """Where the body begins in the file, and how long the file is."""
    if answer.status_code == 206:
        match = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", "").strip())
        if match is None:
            raise FetchError(f"{shortened(str(answer.url))} sends a part without saying which")
        return int(match[1]), None if match[3] == "*" else int(match[3])
    length = answer.headers.get("content-length", "")
    return 0, int(length) if length.isdecimal() else None


def _version(headers: httpx.Headers) -> str | None:
    """What If-Range may name: a strong ETag, else the date of the last change."""
    etag = headers.get("etag", "")
    return etag if etag.startswith('"') else headers.get("last-modified")


def _stated_hash(headers: httpx.Headers) -> str | None:
    """Hugging Face names the SHA-256 of large files on the way to their storage."""
    stated = headers.get("x-linked-etag", "").strip('W/"').lower()
    return stated if _SHA256.fullmatch(stated) else None


def _media_type(answer: httpx.Response) -> str:
    return answer.headers.get("content-type", "").split(";")[0].strip().lower()


def _blocks(answer: httpx.Response) -> Iterator[bytes]:
    try:
        yield from answer.iter_raw()
    except httpx.TransportError as error:
        raise _fault(str(answer.url), error) from error


def _fault(url: str, error: httpx.TransportError) -> TransientFault | FetchError:
    if isinstance(error, httpx.UnsupportedProtocol):
        return FetchError(f"{shortened(url)} is no http(s) address")
    why = str(error) or type(error).__name__
    return TransientFault(f"{urlsplit(url).hostname or url}: {why}")
