"""Pictures given as URLs: fetched from the public internet alone, and only if that was allowed."""

import asyncio
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from tintype.errors import InvalidRequest, shown
from tintype.server.outgoing.addresses import public_address
from tintype.server.outgoing.pinning import Resolve, host_and_port, pinned

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 32 * 1024 * 1024

_MOST_REDIRECTS = 3
_SECONDS = 30.0  # from looking up the name to the last byte, redirects included
_AT_ONCE = 4


def is_url(text: str) -> bool:
    """Whether a picture is given as a URL and not as base64."""
    return text.lstrip()[:8].lower().startswith(("http://", "https://"))


class Fetcher:
    """Fetches a few pictures at a time.

    Every name has to lead to a public address; redirects are new names.
    """

    def __init__(
        self,
        *,
        is_on: bool,
        is_offline: bool = False,
        resolve: Resolve = public_address,
        most_bytes: int = MOST_BYTES,
        seconds: float = _SECONDS,
    ) -> None:
        self._is_on, self._is_offline, self._resolve = is_on, is_offline, resolve
        self._most_bytes, self._seconds = most_bytes, seconds
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def as_base64(self, text: str, field: str) -> str:
        """A picture as base64: a text as it is, or what is behind a URL.

        Whether it is a picture at all is seen by whoever unpacks it.

        Raises:
            InvalidRequest: URLs are not fetched here, this one leads to no public address, or
                nothing of use came from it in time.
        """
        if not is_url(text):
            return text
        if self._is_offline:
            raise InvalidRequest(
                field, "pictures are not fetched, for this server is offline; send base64"
            )
        if not self._is_on:
            raise InvalidRequest(
                field,
                "pictures are not fetched from addresses; send base64, "
                "or start the server with --allow-url-inits",
            )
        return b64encode(await self._fetched(text.strip(), field)).decode("ascii")

    async def _fetched(self, url: str, field: str) -> bytes:
        import httpx

        try:
            async with self._at_once, asyncio.timeout(self._seconds), _client() as client:
                return await self._followed(client, url, field)
        except TimeoutError:
            why = f"it did not come within {self._seconds:g} s"
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            why = type(error).__name__
        raise InvalidRequest(field, f"nothing could be fetched from {shown(url)}: {why}")

    async def _followed(self, client: "httpx.AsyncClient", url: str, field: str) -> bytes:
        for _ in range(_MOST_REDIRECTS + 1):
            request = await self._request(client, url, field)
            answer = await client.send(request, stream=True)
            try:
                if not answer.has_redirect_location:
                    return await self._body(answer, field)
                url = urljoin(url, answer.headers["location"])
            finally:
                await answer.aclose()
        raise InvalidRequest(field, f"more than {_MOST_REDIRECTS} redirects")

    async def _request(self, client: "httpx.AsyncClient", url: str, field: str) -> "httpx.Request":
        """A request to the one address that was looked at."""
        host, port = host_and_port(url, field)
        to = pinned(url, await self._resolve(host, port, field))
        return client.build_request("GET", to.url, headers=to.headers, extensions=to.extensions)

    async def _body(self, answer: "httpx.Response", field: str) -> bytes:
        if answer.status_code != 200:
            raise InvalidRequest(field, f"the address answered {answer.status_code}")
        data = bytearray()
        async for chunk in answer.aiter_raw():
            data += chunk
            if len(data) > self._most_bytes:
                raise InvalidRequest(field, f"what came has more than {self._most_bytes} bytes")
        return bytes(data)


def _client() -> "httpx.AsyncClient":
    import httpx

    # Packed answers are not asked for: unpacking would have no bound.
    headers = {"User-Agent": "tintype", "Accept": "image/*", "Accept-Encoding": "identity"}
    return httpx.AsyncClient(trust_env=False, follow_redirects=False, headers=headers, timeout=30)
