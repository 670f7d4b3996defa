"""The words that textual inversions add to a prompt."""

from collections.abc import Iterable, Sequence

from tintype.core.models import EmbeddingRecord
from tintype.prompt.tokenizer import load_tokenizer


class Vocabulary:
    """Finds textual inversions in token ids, where their names stand in a prompt.

    Make it once for a set of files; looking up changes nothing.

    Args:
        records: of two whose names have the same ids, as in another case, the first counts.
    """

    def __init__(self, records: Iterable[EmbeddingRecord]) -> None:
        self._records: dict[tuple[int, ...], EmbeddingRecord] = {}
        lengths: dict[int, set[int]] = {}
        for record in records:
            name = tuple(load_tokenizer().tokens(record.name))
            if name:
                self._records.setdefault(name, record)
                lengths.setdefault(name[0], set()).add(len(name))
        self._lengths = {first: sorted(some, reverse=True) for first, some in lengths.items()}

    def match(self, tokens: Sequence[int], start: int) -> tuple[EmbeddingRecord, int] | None:
        """The textual inversion with the longest name that begins here, and the name's length."""
        for length in self._lengths.get(tokens[start], ()):
            record = self._records.get(tuple(tokens[start : start + length]))
            if record is not None:
                return record, length
        return None
