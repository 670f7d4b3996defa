"""Our own API: jobs with an id, a place, events, and letters at their end."""

from tintype.server.native.outbox import Outbox
from tintype.server.native.signing import webhook_secret
from tintype.server.native.webhooks import Webhooks

__all__ = ["Outbox", "Webhooks", "webhook_secret"]
