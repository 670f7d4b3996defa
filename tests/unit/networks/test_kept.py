"""Things made once and kept while pictures under way need them."""

import pytest

from tintype.networks.kept import IN_USE_PASSES, Kept

EACH_BYTES = 80


class Maker:
    """Makes things of 80 bytes and counts."""

    made = 0

    def __call__(self) -> bytes:
        self.made += 1
        return bytes(EACH_BYTES)


def kept(budget_bytes: int) -> Kept[int, bytes]:
    return Kept(budget_bytes, lambda several: sum(map(len, several)))


def test_a_thing_is_made_once_for_all_passes() -> None:
    """The same key gives the same thing; another key its own."""
    things, make = kept(10**6), Maker()
    first = things.get(1, make)
    assert things.get(1, make) is first
    things.get(2, make)
    assert make.made == 2
    assert things.bytes == 2 * EACH_BYTES


def test_pictures_under_way_keep_theirs() -> None:
    """However small the bound, what is asked for in every pass is never made again."""
    things, make = kept(EACH_BYTES), Maker()
    for _ in range(3 * IN_USE_PASSES):
        things.next_pass()
        for key in range(9):
            things.get(key, make)
    assert make.made == 9


def test_what_is_over_goes() -> None:
    """What nobody asked for lately is forgotten down to the bound, the oldest first."""
    things, make = kept(2 * EACH_BYTES), Maker()
    for key in range(9):
        things.get(key, make)
    for _ in range(IN_USE_PASSES):
        things.next_pass()
    assert things.bytes == 2 * EACH_BYTES
    things.get(8, make)
    assert make.made == 9


def test_what_cannot_be_made_is_asked_for_again() -> None:
    """A maker that fails leaves nothing behind."""
    things = kept(EACH_BYTES)

    def fail() -> bytes:
        raise ValueError("no such thing")

    with pytest.raises(ValueError, match="no such"):
        things.get(1, fail)
    assert things.get(1, lambda: b"x") == b"x"


def test_all_can_be_forgotten() -> None:
    """Then nothing takes any memory, and the next one to ask has it made anew."""
    things, make = kept(10**6), Maker()
    things.get(1, make)
    things.clear()
    assert things.bytes == 0
    things.get(1, make)
    assert make.made == 2
