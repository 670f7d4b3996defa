"""Addresses of this server that work without a login, for a while: they are signed."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from math import ceil
from time import time
from urllib.parse import urlencode

LINK_SECONDS = 3600
LINK_SECRET_FILE = "link-secret"  # in the data folder


class Links:
    """Signs paths, and knows its own signatures again, also after a restart.

    Args:
        secret: what is signed with; asked for with the first link.
        now: Unix seconds.
    """

    def __init__(self, secret: Callable[[], bytes], now: Callable[[], float] = time) -> None:
        self._secret, self._now = secret, now

    def signed(self, path: str, seconds: int = LINK_SECONDS) -> str:
        """The path with what lets anybody in who has it, for so many seconds."""
        expires = ceil(self._now()) + seconds
        return f"{path}?{urlencode({'expires': expires, 'signature': self._of(path, expires)})}"

    def is_good(self, path: str, expires: int, signature: str) -> bool:
        """Whether this is a signature of ours, and its time not over."""
        own = self._of(path, expires)
        is_ours = hmac.compare_digest(own.encode(), signature.encode("utf-8", "replace"))
        return is_ours and self._now() <= expires

    def _of(self, path: str, expires: int) -> str:
        digest = hmac.digest(self._secret(), f"{path}\n{expires}".encode(), sha256)
        return urlsafe_b64encode(digest).decode("ascii").rstrip("=")
