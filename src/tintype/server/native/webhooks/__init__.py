"""Letters to whoever wants to hear of the end of a job."""

from tintype.server.native.webhooks.outbox import Outbox
from tintype.server.native.webhooks.signing import webhook_secret
from tintype.server.native.webhooks.webhooks import Webhooks

__all__ = ["Outbox", "Webhooks", "webhook_secret"]
