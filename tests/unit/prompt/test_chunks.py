"""Token ids cut into what the text encoder takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.prompt import END, START, chunks


def test_empty_text_is_one_chunk() -> None:
    """No tokens are START and then END to the end."""
    assert chunks([]) == ((START, *[END] * 76),)


def test_padding() -> None:
    """A short text is START, its ids, END, and more END up to 77."""
    assert chunks([3306, 267, 1002]) == ((START, 3306, 267, 1002, *[END] * 73),)


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (74, 1), (75, 1), (76, 2), (150, 2)])
def test_count(count: int, expected: int) -> None:
    """A chunk begins only when there is a token for it."""
    assert len(chunks([320] * count)) == expected


@given(st.lists(st.integers(0, START - 1), max_size=400))
def test_nothing_is_lost(tokens: list[int]) -> None:
    """Every chunk has 77 ids, START first and END last, and in between are the tokens in order."""
    pieces = chunks(tokens)
    assert all(len(piece) == 77 and piece[0] == START and piece[-1] == END for piece in pieces)
    assert [number for piece in pieces for number in piece if number < START] == tokens
