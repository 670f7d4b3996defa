"""A search of the gallery as SQL."""

import re
from collections.abc import Iterator

from tintype.errors import InvalidRequest, shown
from tintype.imagestore.records import Picture, Search

_WORD = re.compile(r"[^\W_]+")
_CURSOR = re.compile(r"([0-9]{1,12}\.[0-9]{1,9})-([0-9]{1,18})")

Clause = tuple[str, tuple[object, ...]]


def words_of(text: str) -> tuple[str, ...]:
    """The words of a search as the index has them: letters and digits alone.

    Raises:
        InvalidRequest: there is something, but no word in it.
    """
    words = tuple(_WORD.findall(text))
    if text.strip() and not words:
        raise InvalidRequest("search", f"expected words, got {shown(text)}")
    return words


def where(search: Search, *, has_index: bool) -> Clause:
    """The condition of a search on `pictures p`, and its values.

    Args:
        has_index: words are in a full-text index.
    """
    clauses = list(_clauses(search, has_index))
    values = tuple(value for _, some in clauses for value in some)
    return " AND ".join(text for text, _ in clauses), values


def after(cursor: str) -> Clause:
    """The condition for what comes behind a page, the newest first.

    Raises:
        InvalidRequest: this is no cursor.
    """
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise InvalidRequest("cursor", f"expected `next` of another page, got {shown(cursor)}")
    return "(p.made, p.number) < (?, ?)", (float(match[1]), int(match[2]))


def cursor_of(last: Picture) -> str:
    """The cursor for what comes behind a picture."""
    return f"{last.made:.6f}-{last.number}"


def _clauses(search: Search, has_index: bool) -> Iterator[Clause]:  # noqa: FBT001
    yield ("p.trashed IS NOT NULL" if search.in_trash else "p.trashed IS NULL"), ()
    yield "p.gone IS NULL", ()
    if search.words:
        yield _words(search.words) if has_index else _texts(search.words)
    if search.model is not None:
        yield (
            "(p.model = ? COLLATE NOCASE OR p.model_hash = ? COLLATE NOCASE)",
            (search.model, search.model),
        )
    if search.sampler is not None:
        yield "p.sampler = ? COLLATE NOCASE", (search.sampler,)
    if search.tag is not None:
        yield "p.number IN (SELECT picture FROM tags WHERE tag = ?)", (search.tag,)
    if search.since is not None:
        yield "p.made >= ?", (search.since,)
    if search.until is not None:
        yield "p.made < ?", (search.until,)
    equal = {
        "seed": search.seed,
        "starred": search.starred,
        "board": search.board,
        "is_sheet": search.is_sheet,
        "job": search.job_id,
        "owner": search.owner,
    }
    for column, value in equal.items():
        if value is not None:
            yield f"p.{column} = ?", (value,)


def _words(words: tuple[str, ...]) -> Clause:
    query = " ".join(f'"{word}"*' for word in words)
    return "p.number IN (SELECT rowid FROM words WHERE words MATCH ?)", (query,)


def _texts(words: tuple[str, ...]) -> Clause:
    each = " AND ".join("prompt LIKE ?" for _ in words)
    values = tuple(f"%{word}%" for word in words)
    return f"p.number IN (SELECT rowid FROM words WHERE {each})", values
