"""A prompt as the text encoder takes it: chunks of 77 ids with their weights."""

from collections.abc import Iterable, Sequence

from tintype.core.models import EmbeddingRecord
from tintype.core.orders import Chunk, Emphasis
from tintype.prompt.attention import BREAK, weighted
from tintype.prompt.tokenizer import END, START, load_tokenizer
from tintype.prompt.vocabulary import Vocabulary

CONTENT = 75  # places between start and end

_COMMA = 267


def chunk_of(
    tokens: Sequence[int],
    weights: Sequence[float],
    embeddings: Iterable[tuple[int, EmbeddingRecord]] = (),
) -> Chunk:
    """Up to 75 ids with their weights as a chunk: START before them, END and padding behind.

    Args:
        embeddings: textual inversions with their places in the chunk.
    """
    padding = CONTENT + 1 - len(tokens)
    return Chunk(
        (START, *tokens, *[END] * padding), (1.0, *weights, *[1.0] * padding), tuple(embeddings)
    )


EMPTY = chunk_of((), ())


def chunks(tokens: Sequence[int]) -> tuple[Chunk, ...]:
    """Ids of any number as chunks of weight 1, cut every 75 ids and nowhere else."""
    starts = range(0, max(len(tokens), 1), CONTENT)
    pieces = [tokens[start : start + CONTENT] for start in starts]
    return tuple(chunk_of(piece, [1.0] * len(piece)) for piece in pieces)


def chunked(
    text: str,
    *,
    emphasis: Emphasis = "Original",
    comma_backtrack: int = 20,
    embeddings: Vocabulary | None = None,
) -> tuple[Chunk, ...]:
    """The chunks of a text without tags, schedules and AND, cut as A1111 cuts them.

    Args:
        emphasis: "None" takes brackets and BREAK literally; the other modes read them alike.
        comma_backtrack: a full chunk ends at its last comma if that is so many tokens back at
            most, and what follows moves on; 0 for never.
        embeddings: textual inversions there are.

    Returns:
        At least one chunk. A textual inversion that such a move concerns keeps its place in the
        chunk it has left, as in A1111, and its ids of 0 in the next one mean nothing.

    Raises:
        InvalidRequest: a weight that is not a number.
    """
    return _cut(text, emphasis, comma_backtrack, embeddings).finished()


def token_count(
    text: str,
    *,
    emphasis: Emphasis = "Original",
    comma_backtrack: int = 20,
    embeddings: Vocabulary | None = None,
) -> int:
    """Places that a text takes, as A1111 counts: 75 for each chunk but the last, however full."""
    return _cut(text, emphasis, comma_backtrack, embeddings).count


class _Cutter:
    """Fills chunks one after the other."""

    def __init__(self, comma_backtrack: int) -> None:
        self._backtrack = comma_backtrack
        self._done: list[Chunk] = []
        self._begin([], [])

    @property
    def count(self) -> int:
        return CONTENT * len(self._done) + len(self._tokens)

    def finished(self) -> tuple[Chunk, ...]:
        if self._tokens or not self._done:
            self.close()
        return tuple(self._done)

    def close(self) -> None:
        self._done.append(chunk_of(self._tokens, self._weights, self._embeddings))
        self._begin([], [])

    def make_room(self, token: int) -> None:
        """See to it that a token fits."""
        is_full = len(self._tokens) == CONTENT
        if token == _COMMA:
            self._comma = len(self._tokens)
        elif is_full and self._comma is not None and CONTENT - self._comma <= self._backtrack:
            self._close_at(self._comma + 1)
        if len(self._tokens) == CONTENT:
            self.close()

    def add(self, token: int, weight: float) -> None:
        self._tokens.append(token)
        self._weights.append(weight)

    def add_embedding(self, record: EmbeddingRecord, weight: float) -> None:
        vectors = min(record.vectors, CONTENT)
        if len(self._tokens) + vectors > CONTENT:
            self.close()
        self._embeddings.append((len(self._tokens) + 1, record))
        self._tokens += [0] * vectors
        self._weights += [weight] * vectors

    def _close_at(self, length: int) -> None:
        tokens, weights = self._tokens[length:], self._weights[length:]
        del self._tokens[length:], self._weights[length:]
        self.close()
        self._begin(tokens, weights)

    def _begin(self, tokens: list[int], weights: list[float]) -> None:
        self._tokens, self._weights = tokens, weights
        self._embeddings: list[tuple[int, EmbeddingRecord]] = []
        self._comma: int | None = None


def _cut(
    text: str, emphasis: Emphasis, comma_backtrack: int, embeddings: Vocabulary | None
) -> _Cutter:
    cutter = _Cutter(comma_backtrack)
    for segment in weighted(text, emphasis):
        if segment == BREAK:
            cutter.close()
        else:
            _add(cutter, load_tokenizer().tokens(segment[0]), segment[1], embeddings)
    return cutter


def _add(
    cutter: _Cutter, tokens: Sequence[int], weight: float, embeddings: Vocabulary | None
) -> None:
    position = 0
    while position < len(tokens):
        cutter.make_room(tokens[position])
        match = embeddings.match(tokens, position) if embeddings else None
        if match is None:
            cutter.add(tokens[position], weight)
            position += 1
        else:
            record, length = match
            cutter.add_embedding(record, weight)
            position += length
