"""The secret that letters about finished jobs are signed with, as Standard Webhooks writes it."""

import binascii
from base64 import b64decode

PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES = 24, 64


def read_secret(text: str) -> bytes:
    """The secret in `whsec_<base64>`. Raises `ValueError` if it is none, or too short or long."""
    if not text.startswith(PREFIX):
        raise ValueError(f"it does not begin with {PREFIX}")
    try:
        secret = b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"what follows {PREFIX} is no base64") from error
    if not _FEWEST_BYTES <= len(secret) <= _MOST_BYTES:
        raise ValueError(f"it has {len(secret)} bytes, not {_FEWEST_BYTES} to {_MOST_BYTES}")
    return secret
