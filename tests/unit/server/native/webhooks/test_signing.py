"""Signatures of webhooks."""

import base64
import hashlib
import hmac

import pytest

from tintype.core.webhook_secret import read_secret
from tintype.server.native.webhooks.signing import signed_headers

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_the_signature_of_the_specification() -> None:
    """The example published with Standard Webhooks comes out."""
    headers = signed_headers(
        read_secret(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_another_body_has_another_signature() -> None:
    """Neither body, nor time, nor id can be changed without its being seen."""
    secret = read_secret(SECRET)
    seen = {
        signed_headers(secret, name, time, body)["webhook-signature"]
        for name in ("a", "b")
        for time in (1, 2)
        for body in (b"{}", b"{ }")
    }

    expected = hmac.digest(secret, b"a.1.{}", hashlib.sha256)
    assert len(seen) == 8
    assert f"v1,{base64.b64encode(expected).decode()}" in seen


@pytest.mark.parametrize(
    "text", ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_é!", "whsec_AAAA"]
)
def test_what_is_no_secret_is_refused(text: str) -> None:
    """No prefix, no base64, too short."""
    with pytest.raises(ValueError, match=r"it does not|what follows|it has"):
        read_secret(text)
