"""Which server, and as whom."""

import os
from dataclasses import dataclass

import httpx

from tintype import __version__

URL_VARIABLE, KEY_VARIABLE = "TINTYPE_URL", "TINTYPE_API_KEY"
DEFAULT_URL = "http://127.0.0.1:7860"
CALL_SECONDS = 60.0
"""For one answer. Whatever takes longer is a job, which is followed."""
PATIENCE_SECONDS = 20.0
"""Of trying again; a server that is started anew answers within that."""


@dataclass(frozen=True, slots=True)
class Where:
    """A server.

    Attributes:
        url: its address, without a slash at the end; may hold a path, and `user:password@`.
        api_key: key to log in with, or None.
    """

    url: str
    api_key: str | None

    @property
    def headers(self) -> dict[str, str]:
        """Those of every call."""
        told = {"User-Agent": f"tintype-python/{__version__}"}
        return told if self.api_key is None else told | {"Authorization": f"Bearer {self.api_key}"}


def where(url: str | None, api_key: str | None) -> Where:
    """The server that is given, or else the one the environment names.

    Raises:
        ValueError: the address is none of http or https, or the key none that can be sent.
    """
    chosen = url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
    if not _is_address(chosen):
        raise ValueError(f"{chosen!r}: expected an address such as {DEFAULT_URL}")
    key = api_key or os.environ.get(KEY_VARIABLE) or None
    return Where(chosen.rstrip("/"), key and as_header("API key", key))


def as_header(what: str, text: str) -> str:
    """A text that goes into a header. Raises `ValueError` where it cannot, without repeating it."""
    if text.isascii() and text.isprintable():
        return text
    raise ValueError(f"{what}: expected printable ASCII characters alone")


def _is_address(text: str) -> bool:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        return False
    return url.scheme in ("http", "https") and bool(url.host)
