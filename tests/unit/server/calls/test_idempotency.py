"""The key of a call, and what makes two calls the same."""

from typing import Any

import pytest

from tintype.errors import InvalidRequest
from tintype.server.calls.idempotency import checked_key, fingerprint
from tintype.server.native.jobs.fields import JobBody


def mark(body: JobBody) -> str:
    """The fingerprint of a job's body."""
    return fingerprint(body.model_dump())


@pytest.mark.parametrize("key", ["", "k" * 256, "kéy", "k\n"])
def test_keys_are_short_and_printable(key: str) -> None:
    """Anything else could not be told from another key in a log, and is refused by name."""
    with pytest.raises(InvalidRequest, match="Idempotency-Key: expected 1 to 255 printable ASCII"):
        checked_key(key)


def test_a_call_needs_no_key() -> None:
    """None stays None, and the longest key is a key."""
    assert (checked_key(None), checked_key("k" * 255)) == (None, "k" * 255)


def test_a_default_that_is_spelled_out_is_the_same_request() -> None:
    """The fingerprint goes by meaning; pictures and every field count."""
    assert mark(JobBody()) == mark(JobBody(seed=-1, steps=20))
    bodies: list[dict[str, Any]] = [
        {},
        {"seed": 1},
        {"priority": "batch"},
        {"init": {"picture": "a"}},
        {"init": {"picture": "b"}},
        {"sdapi": {"tab": "txt2img", "body": {}}},
    ]
    assert len({mark(JobBody.model_validate(body)) for body in bodies}) == len(bodies)
