"""Prompts cut into what the text encoder takes."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.core.models import EmbeddingRecord
from tintype.core.orders import Chunk
from tintype.errors import InvalidRequest
from tintype.prompt import EMPTY, END, START, Vocabulary, chunked, chunks, token_count

CAT, DOG, COMMA = 2368, 1929, 267
TINY = EmbeddingRecord("tiny-ti", Path("tiny-ti.safetensors"), 0, 2, (("clip_l", 64),))
TINY_LONG = EmbeddingRecord("tiny-ti long", Path("long.pt"), 0, 4, (("clip_l", 64),))
WIDE = EmbeddingRecord("widest", Path("widest.pt"), 0, 90, (("clip_l", 64),))
VOCABULARY = Vocabulary([TINY, TINY_LONG, WIDE])


def content(chunk: Chunk) -> list[int]:
    """The ids of a chunk that are neither start nor end."""
    return [token for token in chunk.tokens if token not in (START, END)]


def lengths(text: str, comma_backtrack: int = 20) -> list[int]:
    """How many ids each chunk holds."""
    return [len(content(chunk)) for chunk in chunked(text, comma_backtrack=comma_backtrack)]


def words(before: int, after: int) -> str:
    """`before` tokens, a comma, and `after` tokens more."""
    return "cat " * before + "," + " dog" * after


def test_empty_text_is_one_chunk() -> None:
    """No tokens are START and then END to the end, of weight 1."""
    assert chunked("") == (EMPTY,) == chunks([])
    assert EMPTY.tokens == (START, *[END] * 76)
    assert EMPTY.weights == (1.0,) * 77


def test_layout() -> None:
    """A chunk is START, ids with their weights, END, and END again up to 77."""
    (chunk,) = chunked("a (cat:1.5), [dog]")
    assert chunk.tokens == (START, 320, CAT, COMMA, DOG, *[END] * 72)
    assert chunk.weights == (1.0, 1.0, 1.5, 1.0, 1 / 1.1, *[1.0] * 72)


@pytest.mark.parametrize(
    ("text", "expected", "count"),
    [
        ("", [0], 0),
        ("cat " * 75, [75], 75),
        ("cat " * 76, [75, 1], 76),
        ("cat " * 80, [75, 5], 80),
        ("BREAK", [0], 75),
        ("cat BREAK dog", [1, 1], 76),
        ("cat BREAK BREAK dog", [1, 0, 1], 151),
        ("(cat BREAK dog:1.2)", [3], 3),
        (words(69, 10), [70, 10], 85),
        (words(55, 24), [56, 24], 99),
        (words(54, 25), [75, 5], 80),
        (words(53, 26), [75, 5], 80),
        (words(74, 5), [75, 5], 80),
        (words(75, 4), [75, 5], 80),
    ],
)
def test_cuts(text: str, expected: list[int], count: int) -> None:
    """Chunks end after 75 ids, at BREAK, or at a comma at most 20 ids back."""
    assert lengths(text) == expected
    assert token_count(text) == count


@pytest.mark.parametrize(("backtrack", "expected"), [(0, [75, 5]), (5, [75, 5]), (6, [70, 10])])
def test_backtrack(backtrack: int, expected: list[int]) -> None:
    """How far back a comma may be is a setting, and 0 is never."""
    assert lengths(words(69, 10), backtrack) == expected


def test_moved_commas_are_forgotten() -> None:
    """Of two commas the later counts, and one that has moved on is no place to cut any more."""
    text = "cat " * 60 + "," + " cat" * 5 + "," + " dog" * 10 + " dog" * 70
    assert lengths(text) == [67, 75, 5]
    assert lengths("cat " * 75 + "," + " dog" * 80) == [75, 75, 6]


def test_modes() -> None:
    """ "None" takes brackets and BREAK for words."""
    (chunk,) = chunked("(cat) BREAK", emphasis="None")
    assert len(content(chunk)) == 4
    assert set(chunk.weights) == {1.0}


def test_refused_weight() -> None:
    """A weight that is no number is refused."""
    with pytest.raises(InvalidRequest):
        chunked("(a:1.2.3)")


def test_embedding() -> None:
    """A textual inversion takes a place for each vector, with the weight of its name."""
    (chunk,) = chunked("a (TINY-TI:1.3), cat", embeddings=VOCABULARY)
    assert chunk.tokens[:7] == (START, 320, 0, 0, COMMA, CAT, END)
    assert chunk.weights[:7] == (1.0, 1.0, 1.3, 1.3, 1.0, 1.0, 1.0)
    assert chunk.embeddings == ((2, TINY),)


def test_longest_name_counts() -> None:
    """Of names that begin alike the longest that is there is taken."""
    (chunk,) = chunked("tiny-ti, tiny-ti long, tiny-ti", embeddings=VOCABULARY)
    assert chunk.embeddings == ((1, TINY), (4, TINY_LONG), (9, TINY))


def test_names_end_with_their_segment() -> None:
    """Weights cut the text into segments, and a name counts within one only."""
    (chunk,) = chunked("tiny-(ti:1.2)", embeddings=VOCABULARY)
    assert chunk.embeddings == ()


def test_embedding_without_room() -> None:
    """A textual inversion that would not fit begins the next chunk."""
    first, second = chunked("cat " * 73 + "tiny-ti long", embeddings=VOCABULARY)
    assert (len(content(first)), first.embeddings) == (73, ())
    assert (second.tokens[:6], second.embeddings) == ((START, 0, 0, 0, 0, END), ((1, TINY_LONG),))
    (chunk,) = chunked("cat " * 71 + "tiny-ti long", embeddings=VOCABULARY)
    assert chunk.embeddings == ((72, TINY_LONG),)


def test_embedding_that_moves() -> None:
    """A textual inversion behind the comma of a cut keeps its old place, as in A1111."""
    text = "cat " * 69 + ", tiny-ti" + " dog" * 10
    first, second = chunked(text, embeddings=VOCABULARY)
    assert (len(content(first)), first.embeddings) == (70, ((71, TINY),))
    assert (second.tokens[:4], second.embeddings) == ((START, 0, 0, DOG), ())


def test_widest_embedding() -> None:
    """Of more than 75 vectors the first 75 have a place."""
    first, second = chunked("cat widest", embeddings=VOCABULARY)
    assert content(first) == [CAT]
    assert second.embeddings == ((1, WIDE),)
    assert len(second.tokens) == 77


def test_nameless_embeddings() -> None:
    """A name without any token is never found; of two alike the first counts."""
    again = EmbeddingRecord("Tiny-TI", Path("b"), 0, 3, ())
    nameless = EmbeddingRecord(" ", Path("c"), 0, 3, ())
    (chunk,) = chunked("a tiny-ti", embeddings=Vocabulary([nameless, TINY, again]))
    assert chunk.embeddings == ((2, TINY),)


@pytest.mark.parametrize(("count", "expected"), [(0, 1), (1, 1), (75, 1), (76, 2), (150, 2)])
def test_plain_chunks(count: int, expected: int) -> None:
    """Ids alone are cut every 75."""
    assert len(chunks([320] * count)) == expected


@settings(deadline=None, derandomize=True)
@given(
    text=st.lists(st.sampled_from(["cat ", ", ", "(dog) ", "tiny-ti ", "BREAK "]), max_size=300),
    backtrack=st.integers(0, 75),
)
def test_nothing_is_lost(text: list[str], backtrack: int) -> None:
    """Every chunk has 77 ids and weights, and in between are the ids in order."""
    pieces = chunked("".join(text), comma_backtrack=backtrack, embeddings=VOCABULARY)
    for piece in pieces:
        assert len(piece.tokens) == len(piece.weights) == 77
        assert (piece.tokens[0], piece.tokens[-1]) == (START, END)
        assert (piece.weights[0], piece.weights[-1]) == (1.0, 1.0)
    ids = {"cat ": [CAT], ", ": [COMMA], "(dog) ": [DOG], "tiny-ti ": [0, 0], "BREAK ": []}
    got = [token for piece in pieces for token in content(piece)]
    assert got == [token for part in text for token in ids[part]]
    assert sum(len(piece.embeddings) for piece in pieces) == text.count("tiny-ti ")
