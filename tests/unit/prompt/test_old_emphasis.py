"""Emphasis by bracket tokens."""

from pathlib import Path

import pytest

from tintype.core.models import EmbeddingRecord
from tintype.prompt import END, START, Vocabulary, chunked_old, load_tokenizer

WEAK = 1 / 1.1


def test_brackets_turn_the_factor() -> None:
    """Brackets are no content but weigh what follows, and numbers behind colons are text."""
    (chunk,) = chunked_old("a (red:1.4) [cat]")
    ids = load_tokenizer().tokens("a red : 1 . 4 cat")
    assert chunk.tokens == (START, *ids, *[END] * (76 - len(ids)))
    assert chunk.weights[:9] == pytest.approx((1, 1, *[1.1] * 5, WEAK, 1), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "weight"), [("((a", 1.21), ("[[a", 1 / 1.21), ("()a", 1), ("]a", 1.1), (")a", WEAK)]
)
def test_factors(text: str, weight: float) -> None:
    """Several brackets of one token multiply each by itself, with or without partners."""
    (chunk,) = chunked_old(text)
    assert chunk.tokens[2] == END
    assert chunk.weights[1] == pytest.approx(weight, rel=1e-12)


def test_merged_signs_go_with_their_bracket() -> None:
    """Where CLIP makes one token of a bracket and a comma, both are no content."""
    (merged,) = load_tokenizer().tokens("),")
    (chunk,) = chunked_old("(a), b")
    assert merged not in chunk.tokens
    assert chunk.tokens[:4] == (START, 320, 321, END)


def test_one_window() -> None:
    """What comes after 75 tokens is dropped, brackets not counted."""
    (chunk,) = chunked_old("(cat) " * 100)
    assert chunk.tokens == (START, *[2368] * 75, END)


def test_embeddings() -> None:
    """Textual inversions have their places, and one that does not fit ends the chunk."""
    record = EmbeddingRecord("style one", Path("one.pt"), 0, 3, ())
    vocabulary = Vocabulary([record])
    (chunk,) = chunked_old("a (style one) cat", embeddings=vocabulary)
    assert chunk.tokens[:7] == (START, 320, 0, 0, 0, 2368, END)
    assert chunk.embeddings == ((2, record),)
    (chunk,) = chunked_old("cat " * 73 + "style one dog", embeddings=vocabulary)
    assert chunk.embeddings == ()
    assert chunk.tokens[74] == END
