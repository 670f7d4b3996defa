"""Previews as clients get them."""

from tests.fakes.plans import small_plan

from tintype.core.jobs import Pixels
from tintype.server.openai.streaming import full_size


def test_small_previews_are_enlarged() -> None:
    """To the size of the picture, whatever the worker shows; others are left as they are."""
    plan = small_plan(width=64, height=32)
    small = Pixels(8, 4, bytes((1, 2, 3)) * 32)
    whole = Pixels(64, 32, bytes(64 * 32 * 3))

    assert full_size(small, plan) == Pixels(64, 32, bytes((1, 2, 3)) * (64 * 32))
    assert full_size(whole, plan) is whole
