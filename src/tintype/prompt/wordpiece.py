"""BERT's words: what BLIP's token ids stand for."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

START = 30522
"""Stands before every caption; BLIP's own, behind all of BERT's words."""
END = 102
"""Stands behind every text."""

_TABLE = Path(__file__).with_name("data") / "bert_base_uncased_vocab.txt"
_MARKS = frozenset({"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"})
_LATE_MARKS = frozenset({START, START + 1})
_TIGHT = (" .", " ?", " !", " ,", " n't", " 'm", " 's", " 've", " 're")


def ids_of(words: str) -> tuple[int, ...]:
    """The ids of lower-case words that are in the table, which are parted by blanks."""
    numbers = {word: number for number, word in enumerate(_words())}
    return tuple(numbers[word] for word in words.split())


def text_of(ids: Iterable[int]) -> str:
    """The text that ids stand for: parts of words are joined, marks of BERT's and BLIP's left out.

    Blanks are where `BertTokenizer.decode` of transformers leaves them when it tidies up.
    """
    words = (_word(number) for number in ids)
    text = " ".join(word for word in words if word not in _MARKS).replace(" ##", "")
    text = text.replace(" ' ", "'")
    for tight in _TIGHT:
        text = text.replace(tight, tight[1:])
    return text.strip()


def _word(number: int) -> str:
    words = _words()
    return words[number] if number < len(words) and number not in _LATE_MARKS else "[UNK]"


@cache
def _words() -> tuple[str, ...]:
    return tuple(_TABLE.read_text(encoding="utf-8").splitlines())
