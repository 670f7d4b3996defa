"""Token ids in pieces the text encoder can take."""

from collections.abc import Sequence

from tintype.core.orders import Chunk
from tintype.prompt.tokenizer import END, START

_CONTENT = 75


def chunks(tokens: Sequence[int]) -> tuple[Chunk, ...]:
    """Cut into pieces of 75, each as START, the piece, END, and END again up to 77 ids.

    No tokens are one empty chunk, and 75 are one full chunk with none after it.
    """
    starts = range(0, max(len(tokens), 1), _CONTENT)
    return tuple(_chunk(tokens[start : start + _CONTENT]) for start in starts)


def _chunk(piece: Sequence[int]) -> Chunk:
    return (START, *piece, *[END] * (_CONTENT + 1 - len(piece)))
