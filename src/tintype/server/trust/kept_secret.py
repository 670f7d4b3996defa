"""Secrets that are made on first need and kept in the data folder."""

import secrets
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from tintype.core.webhook_secret import PREFIX, read_secret
from tintype.errors import SetupError
from tintype.whole_files import write_whole

_SECRET_BYTES = 32


def kept_secret(path: Path, what: str) -> bytes:
    """The secret in a file, made on first need and readable by its owner alone.

    Args:
        path: where it is, written as Standard Webhooks writes secrets.
        what: whose it is, as errors say it.

    Raises:
        SetupError: the file cannot be read or written, or holds something else.
    """
    try:
        with suppress(FileNotFoundError):
            return read_secret(path.read_text("ascii").strip())
        return _made(path)
    except (OSError, ValueError) as error:
        raise SetupError(f"the secret of {what} in {path} cannot be used: {error}") from error


def _made(path: Path) -> bytes:
    secret = secrets.token_bytes(_SECRET_BYTES)
    write_whole(path, f"{PREFIX}{b64encode(secret).decode('ascii')}\n".encode(), mode=0o600)
    return secret
