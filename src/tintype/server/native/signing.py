"""Signatures of webhooks, as Standard Webhooks has them: whoever is told can tell that it was us.

Source: Standard Webhooks 1.0, sections on signatures and secrets (standardwebhooks.com).
"""

import hmac
import os
import secrets
from base64 import b64encode
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from tintype.core.settings import WebhookConfig
from tintype.core.webhook_secret import PREFIX, read_secret
from tintype.errors import SetupError

_SECRET_BYTES = 32
_FILE = "webhook-secret"


def signed_headers(secret: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers that vouch for a body.

    Args:
        secret: shared with whoever is told.
        message_id: the same for every attempt.
        timestamp: of this attempt, Unix seconds.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signature = b64encode(hmac.digest(secret, signed, sha256)).decode("ascii")
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }


def webhook_secret(config: WebhookConfig, folder: Path) -> bytes:
    """The secret somebody has set, or else the one kept in the data folder; raises as that."""
    return kept_secret(folder) if config.secret is None else config.secret


def kept_secret(folder: Path) -> bytes:
    """The secret in the data folder, made on first need and readable by its owner alone.

    Raises:
        SetupError: the file cannot be read or written, or holds something else.
    """
    path = folder / _FILE
    try:
        with suppress(FileNotFoundError):
            return read_secret(path.read_text("ascii").strip())
        return _made(path)
    except (OSError, ValueError) as error:
        raise SetupError(f"the secret of webhooks in {path} cannot be used: {error}") from error


def _made(path: Path) -> bytes:
    """A new secret, whole on the disk before it has its name."""
    secret = secrets.token_bytes(_SECRET_BYTES)
    temporary = path.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(file, "w", encoding="ascii") as writing:
        writing.write(f"{PREFIX}{b64encode(secret).decode('ascii')}\n")
        writing.flush()
        os.fsync(writing.fileno())
    temporary.replace(path)
    return secret
