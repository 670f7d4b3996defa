"""Signatures of webhooks, as Standard Webhooks has them: whoever is told can tell that it was us.

Source: Standard Webhooks 1.0, sections on signatures and secrets (standardwebhooks.com).
"""

import hmac
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from tintype.core.settings import WebhookConfig
from tintype.server.trust.kept_secret import kept_secret

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
    return kept_secret(folder / _FILE, "webhooks") if config.secret is None else config.secret
