"""One side of a request, read whole."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.core.models import EmbeddingRecord
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest
from tintype.prompt import (
    EMPTY,
    Vocabulary,
    chunked,
    chunked_old,
    negative_program,
    positive_program,
    prompt_uses,
)

PLAIN = TextSettings()
ONE = EmbeddingRecord("style one", Path("one.pt"), 0, 1, ())
TWO = EmbeddingRecord("style two", Path("two.pt"), 0, 2, ())


def test_plain_prompt() -> None:
    """A prompt without any sign is one part of one variant."""
    (part,) = positive_program("a cat", PLAIN, 8, None).parts
    assert (part.weight, part.ends, part.variants) == (1.0, (8,), (chunked("a cat"),))


def test_everything_at_once() -> None:
    """AND, schedules, weights and BREAK work together, and variants are of one length."""
    text = "a [(cat:1.3):dog BREAK bird:0.5] AND [a|b] :0.7"
    first, second = positive_program(text, PLAIN, 4, None).parts
    assert (first.weight, first.ends) == (1.0, (2, 4))
    assert first.variants == ((*chunked("a (cat:1.3)"), EMPTY), chunked("a dog BREAK bird"))
    assert (second.weight, second.ends) == (0.7, (1, 2, 3, 4))
    assert second.variants == (chunked(" a"), chunked(" b")) * 2


def test_parts_alike_share() -> None:
    """Parts of one text have the very same variants, whatever their weights."""
    _, second, third = positive_program("x AND a cat AND a cat :0.5", PLAIN, 8, None).parts
    assert second.variants is third.variants


def test_negative_prompts_know_no_and() -> None:
    """In a negative prompt AND and a last number are words like others."""
    (part,) = negative_program("a AND b:0.5", PLAIN, 8, None).parts
    assert (part.weight, part.variants) == (1.0, (chunked("a AND b:0.5"),))
    (part,) = negative_program("[a:b:2]", PLAIN, 8, None).parts
    assert part.ends == (2, 8)


@pytest.mark.parametrize(
    ("text", "is_empty"), [("", True), (" ", False), ("[:2]", True), ("[a:2]", False)]
)
def test_emptiness(text: str, is_empty: bool) -> None:  # noqa: FBT001
    """Only a prompt that has no text at any time is empty; a blank is text."""
    assert negative_program(text, PLAIN, 8, None).is_empty is is_empty


def test_settings_reach_their_places() -> None:
    """Every setting of reading has its effect."""
    (part,) = positive_program("(a)", TextSettings(emphasis="None"), 8, None).parts
    assert part.variants == (chunked("(a)", emphasis="None"),)
    long = "cat " * 70 + "," + " dog" * 9
    (part,) = positive_program(long, TextSettings(comma_backtrack=0), 8, None).parts
    assert part.variants == (chunked(long, comma_backtrack=0),)
    (part,) = positive_program("[a:b:1.0]", TextSettings(old_schedule_rule=True), 8, None).parts
    assert part.ends == (1, 8)
    (part,) = positive_program("(a) b", TextSettings(old_emphasis=True), 8, None).parts
    assert part.variants == (chunked_old("(a) b"),)
    (part,) = positive_program("[a:b:1.5]", PLAIN, 8, None, hires_base=20).parts
    assert part.ends == (4, 8)


def test_variant_at() -> None:
    """A part knows which variant a call takes."""
    (part,) = positive_program("[a:b:2]", PLAIN, 4, None).parts
    assert [part.variant_at(call) for call in range(6)] == [0, 0, 0, 1, 1, 0]


def test_uses() -> None:
    """Textual inversions are named once, in the order in which they come."""
    vocabulary = Vocabulary([ONE, TWO])
    program = positive_program("a [style two|b] AND style one, style two", PLAIN, 4, vocabulary)
    assert prompt_uses(program) == (TWO, ONE)
    assert prompt_uses(positive_program("a", PLAIN, 4, vocabulary)) == ()


@settings(deadline=None, derandomize=True)
@given(text=st.text(st.sampled_from("()[]:|\\ab 0.5,AND#<>"), max_size=60))
def test_any_text(text: str) -> None:
    """Any text is a program of variants of one length, or its weight is refused."""
    try:
        program = positive_program(text, PLAIN, 6, None)
    except InvalidRequest:
        assert "(" in text
        return
    for part in program.parts:
        assert len(part.ends) == len(part.variants)
        assert len({len(variant) for variant in part.variants}) == 1


def test_many_alternatives_of_one_long_text() -> None:
    """A long prompt is cut once for each different text, however many steps there are."""
    (part,) = positive_program("[a|b]" + " word" * 4_000, PLAIN, 150, None).parts
    assert len({id(variant) for variant in part.variants}) == 2
