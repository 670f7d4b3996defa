"""Token buckets on a clock of their own."""

import pytest

from tintype.server.trust.buckets import Buckets, neighbourhood


class Clock:
    """Time that goes on when told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_a_rate() -> None:
    """As many at once as in a minute, then one after the other."""
    clock = Clock()
    buckets = Buckets(clock)
    for _ in range(6):
        assert buckets.wait("a", 6) == 0
        buckets.take("a", 6)

    assert buckets.wait("a", 6) == pytest.approx(10)
    clock.now += 9
    assert buckets.wait("a", 6) == pytest.approx(1)
    clock.now += 1.001
    assert buckets.wait("a", 6) == 0
    assert buckets.wait("b", 6) == 0


def test_a_bucket_is_never_more_than_full() -> None:
    """A day of rest is worth no more than a minute."""
    clock = Clock()
    buckets = Buckets(clock)
    buckets.take("a", 2)
    clock.now += 86_400
    buckets.take("a", 2)
    buckets.take("a", 2)

    assert buckets.wait("a", 2) > 0


def test_many_names_do_not_fill_memory() -> None:
    """Beyond some thousands those that were left alone for longest are forgotten."""
    clock = Clock()
    buckets = Buckets(clock)
    for number in range(5000):
        clock.now += 0.001
        buckets.take(str(number), 1)

    assert buckets.wait("4999", 1) > 0
    assert buckets.wait("0", 1) == 0


@pytest.mark.parametrize(
    ("address", "other", "is_same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("10.0.0.1", "::ffff:10.0.0.1", True),
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "x", False),
    ],
)
def test_a_client_is_an_address_or_a_network(address: str, other: str, is_same: bool) -> None:  # noqa: FBT001
    """Whoever has an IPv6 address has 2^64 of them."""
    assert (neighbourhood(address) == neighbourhood(other)) is is_same
