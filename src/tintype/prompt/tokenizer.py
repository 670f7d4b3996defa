"""Text to CLIP's token ids, as the slow `CLIPTokenizer` of Hugging Face 4.x does with ftfy.

The vocabulary follows from the merge table: id b is the b-th byte, 256 + b the same byte ending a
word, 512 + k what merge k makes, and two marks come last. So the table alone is loaded. Its lines
serve as keys unsplit, since a symbol holds no blank.
"""

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from heapq import heapify, heappop, heappush
from itertools import compress, islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

START = 49406
END = 49407

_TABLE = Path(__file__).with_name("data") / "bpe_simple_vocab_16e6.txt.gz"
_MERGES = 49152 - 256 - 2
_MARKS = {"<|startoftext|>": START, "<|endoftext|>": END}
_MARK = re.compile(r"(<\|startoftext\|>|<\|endoftext\|>)")

# What ftfy would return unchanged, line ends apart: ASCII without `&`, which may start an HTML
# entity, and without the control characters it drops.
_PLAIN = re.compile(r"[\t\n\f\r -%'-~]*")

_REMEMBERED_WORDS = 16384
_REMEMBERED_LENGTH = 64  # characters; so a full memory stays below some 40 MB


def _printable_bytes() -> Iterator[int]:
    yield from range(ord("!"), ord("~") + 1)
    yield from range(ord("¡"), ord("¬") + 1)
    yield from range(ord("®"), ord("ÿ") + 1)


def _byte_symbols() -> dict[int, str]:
    """One visible character for each byte, in the order of their ids."""
    symbols = {byte: chr(byte) for byte in _printable_bytes()}
    hidden = [byte for byte in range(256) if byte not in symbols]
    return symbols | {byte: chr(256 + k) for k, byte in enumerate(hidden)}


_SYMBOLS = _byte_symbols()
_BYTE_IDS = {byte: k for k, byte in enumerate(_SYMBOLS)}


class Tokenizer:
    """Byte-pair encoding by a merge table. Safe to share between threads.

    Args:
        merges: pairs of symbols joined by a blank, best first. A symbol is made by one merge
            only, and by a worse one than those which made its parts; CLIP's table is like that.
    """

    def __init__(self, merges: Iterable[str]) -> None:
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._remembered = lru_cache(_REMEMBERED_WORDS)(self._encoded)

    def tokens(self, text: str) -> list[int]:
        """The ids of a text of any length, without start, end or padding.

        Case and the width of blanks do not count. `<|startoftext|>` and `<|endoftext|>` stand
        for START and END, as in Hugging Face. ftfy mends mojibake, resolves HTML entities and
        drops control characters; a lone surrogate counts as U+FFFD.
        """
        ids: list[int] = []
        for part in _MARK.split(text):  # before ftfy, which treats text with a `<` differently
            if part in _MARKS:
                ids.append(_MARKS[part])
            else:
                for word in _words(part):
                    ids += self._word(word)
        return ids

    def _word(self, word: str) -> tuple[int, ...]:
        if word in _MARKS:  # written in capitals, and lower-cased since
            return (_MARKS[word],)
        if len(word) > _REMEMBERED_LENGTH:
            return self._encoded(word)
        return self._remembered(word)

    def _encoded(self, word: str) -> tuple[int, ...]:
        return _encode(word, self._ranks)


class _Symbols:
    """The symbols of a word: a linked list that shortens as neighbours are merged."""

    def __init__(self, word: str, ranks: Mapping[str, int]) -> None:
        raw = word.encode()
        self._ranks = ranks
        self._symbols = [_SYMBOLS[byte] for byte in raw]
        self._symbols[-1] += "</w>"
        self._ids = [_BYTE_IDS[byte] for byte in raw]
        self._ids[-1] += 256
        self._before = list(range(-1, len(raw) - 1))
        self._after = list(range(1, len(raw) + 1))

    def rank(self, left: int) -> int | None:
        """The rank of the merge of this symbol with the next, if there is one."""
        right = self._after[left]
        if right == len(self._symbols):
            return None
        return self._ranks.get(f"{self._symbols[left]} {self._symbols[right]}")

    def pairs(self, lefts: Iterable[int]) -> list[tuple[int, int]]:
        """(rank, left) of those symbols that can be merged with the next."""
        return [(rank, left) for left in lefts if (rank := self.rank(left)) is not None]

    def merge(self, left: int, rank: int) -> list[tuple[int, int]]:
        """Merge this symbol with the next, and return the new pairs on both its sides."""
        right = self._after[left]
        self._symbols[left] += self._symbols[right]
        self._symbols[right] = ""  # begins no pair in the table, so pairs with it are stale
        self._ids[left] = 512 + rank
        self._after[left] = self._after[right]
        if self._after[left] < len(self._symbols):
            self._before[self._after[left]] = left
        return self.pairs(k for k in (self._before[left], left) if k >= 0)

    def ids(self) -> tuple[int, ...]:
        """The ids of the symbols left over."""
        return tuple(compress(self._ids, self._symbols))


def _encode(word: str, ranks: Mapping[str, int]) -> tuple[int, ...]:
    """Merge the best pair, the first of equals, until none is left, in O(n log n).

    CLIP merges every pair of the best rank in one pass over the word and then looks again. A
    merge only ever opens worse pairs, so taking them singly from a heap comes to the same.
    """
    symbols = _Symbols(word, ranks)
    heap = symbols.pairs(range(len(word.encode())))
    heapify(heap)
    while heap:
        rank, left = heappop(heap)
        if symbols.rank(left) == rank:
            for pair in symbols.merge(left, rank):
                heappush(heap, pair)
    return symbols.ids()


@cache
def load_tokenizer() -> Tokenizer:
    """CLIP's own tokenizer; the first call reads the table, 25 ms of a core."""
    with gzip.open(_TABLE, "rt", encoding="utf-8") as lines:
        return Tokenizer(line.rstrip("\n") for line in islice(lines, 1, 1 + _MERGES))


def _words(text: str) -> list[str]:
    """Runs of letters, single digits, runs of other signs, and English contractions.

    Blanks only separate, so they need no tidying first.
    """
    return _word_pattern().findall(_mended(text).lower())


def _mended(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    from ftfy import fix_text  # 60 ms to import, and most prompts are plain

    return fix_text(text)


@cache
def _word_pattern() -> "regex.Pattern[str]":
    import regex  # 20 ms to import, and not every process tokenises

    # CLIP asks for IGNORECASE, which after lower() still lets U+017F pass as the s of "'s".
    return regex.compile(
        r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d"
        r"|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+",
        regex.IGNORECASE,
    )
