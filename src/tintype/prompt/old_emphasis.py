"""Emphasis as A1111 had it first: brackets are tokens that turn a factor up and down."""

import gzip
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import islice

from tintype.core.models import EmbeddingRecord
from tintype.core.orders import Chunk
from tintype.prompt.chunks import CONTENT, chunk_of
from tintype.prompt.tokenizer import load_tokenizer
from tintype.prompt.vocabulary import Vocabulary

_FACTORS = {"(": 1.1, ")": 1 / 1.1, "[": 1 / 1.1, "]": 1.1}
_FIRST_MERGED, _MERGES = 512, 48894


def chunked_old(text: str, *, embeddings: Vocabulary | None = None) -> tuple[Chunk, ...]:
    """One chunk with the first 75 tokens of a text; the rest is dropped.

    A token with a bracket in it is no content: it multiplies the weight of all that follows by 1.1
    for each `(` or `]` and divides it for each `)` or `[`. Numbers behind colons are text.
    """
    tokens: list[int] = []
    weights: list[float] = []
    places: list[tuple[int, EmbeddingRecord]] = []
    for token, weight, record in islice(_content(text, embeddings), CONTENT):
        width = 1 if record is None else record.vectors
        if len(tokens) + width > CONTENT:
            break
        if record is not None:
            places.append((len(tokens) + 1, record))
        tokens += [token] * width
        weights += [weight] * width
    return (chunk_of(tokens, weights, places),)


def _content(
    text: str, embeddings: Vocabulary | None
) -> Iterator[tuple[int, float, EmbeddingRecord | None]]:
    """(token, weight, textual inversion) of what is no bracket."""
    tokens, weight, position = load_tokenizer().tokens(text), 1.0, 0
    while position < len(tokens):
        factor = _bracket_factors().get(tokens[position])
        match = embeddings.match(tokens, position) if embeddings and factor is None else None
        if factor is not None:
            weight *= factor
        elif match is None:
            yield tokens[position], weight, None
        else:
            yield 0, weight, match[0]
        position += match[1] if match else 1


@cache
def _bracket_factors() -> Mapping[int, float]:
    """What each id with a bracket in it multiplies by: single ones, and merged ones like `)),`."""
    table = files("tintype.prompt") / "data" / "bpe_simple_vocab_16e6.txt.gz"
    with table.open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8") as lines:
        merges = [line.strip() for line in islice(lines, 1, 1 + _MERGES)]
    factors = {_FIRST_MERGED + k: _factor(pair) for k, pair in enumerate(merges) if _has(pair)}
    for sign in _FACTORS:
        (ends_word,) = load_tokenizer().tokens(sign)
        factors |= {ends_word: _factor(sign), ends_word - 256: _factor(sign)}
    return factors


def _has(pair: str) -> bool:
    return any(sign in pair for sign in _FACTORS)


def _factor(text: str) -> float:
    factor = 1.0
    for sign in text:
        factor *= _FACTORS.get(sign, 1.0)
    return factor
