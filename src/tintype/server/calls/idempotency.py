"""The header `Idempotency-Key`: the same request twice, one job."""

import json
from hashlib import sha256
from typing import Annotated

from fastapi import Header

from tintype.errors import InvalidRequest

KEY_HEADER = "Idempotency-Key"

KeyOf = Annotated[
    str | None,
    Header(
        alias=KEY_HEADER,
        description="1 to 255 printable characters; the same key gives the same job again",
    ),
]
"""The key of a call that makes a job, unchecked."""

_MOST_CHARS = 255


def checked_key(key: str | None) -> str | None:
    """The key of a call. Raises `InvalidRequest` unless it is 1–255 printable ASCII characters."""
    if key is None or (1 <= len(key) <= _MOST_CHARS and key.isascii() and key.isprintable()):
        return key
    raise InvalidRequest(KEY_HEADER, f"expected 1 to {_MOST_CHARS} printable ASCII characters")


def fingerprint(said: object) -> str:
    """Digest of what a request says, as JSON would have it; the order of names is no matter."""
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
