"""What the environment says of webhooks."""

from base64 import b64encode

import pytest

from tintype.core.settings import WebhookConfig
from tintype.errors import SetupError
from tintype.settings import read_settings


def test_nothing_said() -> None:
    """The secret is then the one that is kept, and letters stay out of private networks."""
    assert read_settings({}, {}).webhooks == WebhookConfig(secret=None, allows_private=False)


def test_a_secret_of_ones_own() -> None:
    """It is read as Standard Webhooks writes it."""
    text = f"whsec_{b64encode(b'k' * 24).decode()}"

    assert read_settings({}, {"TINTYPE_WEBHOOK_SECRET": text}).webhooks.secret == b"k" * 24


def test_a_secret_is_never_shown() -> None:
    """Neither where it is held, nor in the error about a wrong one."""
    assert "secret" not in repr(WebhookConfig(secret=b"s" * 24))
    with pytest.raises(SetupError) as caught:
        read_settings({}, {"TINTYPE_WEBHOOK_SECRET": "hunter2"})
    assert "TINTYPE_WEBHOOK_SECRET: expected whsec_" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("word", "allows"), [("1", True), ("yes", True), ("0", False), ("", False)]
)
def test_private_addresses(word: str, allows: bool) -> None:  # noqa: FBT001
    """They are allowed by a plain word."""
    told = read_settings({}, {"TINTYPE_PRIVATE_WEBHOOKS": word})

    assert told.webhooks.allows_private == allows


def test_another_word_is_refused() -> None:
    """In words, with the variable's name."""
    with pytest.raises(SetupError, match="TINTYPE_PRIVATE_WEBHOOKS: 'maybe' is not 1 or 0"):
        read_settings({}, {"TINTYPE_PRIVATE_WEBHOOKS": "maybe"})
