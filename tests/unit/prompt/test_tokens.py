"""CLIP's tokenizer against its own contract and against recorded ids."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from random import Random
from string import ascii_lowercase

import ftfy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tintype.prompt import END, START, Tokenizer, load_tokenizer

RECORDED: list[tuple[str, list[int]]] = json.loads(
    (Path(__file__).parent / "recorded" / "clip_tokens.json").read_text()
)
TABLE = files("tintype.prompt") / "data" / "bpe_simple_vocab_16e6.txt.gz"

any_text = st.text(st.characters(exclude_categories=()), max_size=40)  # surrogates too


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("hello, world", [3306, 267, 1002]),
        ("it's", [585, 568]),
        ("1girl", [272, 1611]),
        ("a_b", [320, 318, 321]),
        ("", []),
        (" \t\r\n ", []),
    ],
)
def test_known_ids(tokenizer: Tokenizer, text: str, ids: list[int]) -> None:
    """Well-known prompts have CLIP's well-known ids."""
    assert tokenizer.tokens(text) == ids


def test_recorded_ids(tokenizer: Tokenizer) -> None:
    """Every recorded text has exactly the ids of the slow Hugging Face tokenizer with ftfy."""
    assert len(RECORDED) > 1000
    wrong = [text for text, ids in RECORDED if tokenizer.tokens(text) != ids]
    assert wrong == []


def test_marks_in_text(tokenizer: Tokenizer) -> None:
    """Start and end written out are START and END, also amid punctuation."""
    assert tokenizer.tokens("!<|startoftext|>!") == [256, START, 256]
    assert tokenizer.tokens("cat<|endoftext|>") == [*tokenizer.tokens("cat"), END]


def test_lone_surrogates(tokenizer: Tokenizer) -> None:
    """Half a character, which UTF-8 cannot hold, counts as U+FFFD; both halves as one character."""
    assert tokenizer.tokens("a \ud800 cat") == tokenizer.tokens("a \ufffd cat")
    assert tokenizer.tokens("\ud83d\udc08") == tokenizer.tokens("\U0001f408")


@settings(deadline=None, derandomize=True)
@given(text=any_text)
def test_any_text(tokenizer: Tokenizer, text: str) -> None:
    """Any string at all has ids, each within the vocabulary."""
    assert all(0 <= number <= END for number in tokenizer.tokens(text))


@settings(deadline=None, derandomize=True)
@given(text=any_text)
def test_memory_changes_nothing(tokenizer: Tokenizer, text: str) -> None:
    """Asked a second time, the answer is the same and a list of its own."""
    first = tokenizer.tokens(text)
    second = tokenizer.tokens(text)
    assert first == second
    assert first is not second


@settings(deadline=None, derandomize=True)
@given(text=st.text("\t\n\f\r" + "".join(map(chr, range(32, 127))).replace("&", "")))
def test_plain_text_needs_no_ftfy(text: str) -> None:
    """ASCII without `&` and control characters is left as it is by ftfy, line ends apart."""
    assert ftfy.fix_text(text) == re.sub("\r\n?", "\n", text)


@pytest.mark.parametrize("letters", ["a", "!", ascii_lowercase])
def test_hostile_words(tokenizer: Tokenizer, letters: str) -> None:
    """A single word of 200 kB comes back; with a pass over the word a merge it would take hours."""
    assert tokenizer.tokens("".join(Random(0).choices(letters, k=200_000)))


def test_table_is_the_one_named() -> None:
    """The table is the file whose hash its README states."""
    readme = (files("tintype.prompt") / "data" / "README.md").read_text(encoding="utf-8")
    assert hashlib.sha256(TABLE.read_bytes()).hexdigest() in readme


def test_merges_only_open_worse_ones() -> None:
    """Each merge makes a new symbol of symbols that are there: what the heap's order rests on."""
    lines = gzip.decompress(TABLE.read_bytes()).decode().splitlines()[1:48895]
    made: set[str] = set()
    for line in lines:
        parts = line.split(" ")
        assert all(part in made or len(part.removesuffix("</w>")) == 1 for part in parts), line
        assert "".join(parts) not in made
        made.add("".join(parts))


def test_nothing_heavy_is_imported_early() -> None:
    """The room loads neither torch, ftfy nor regex, and plain text never needs ftfy."""
    code = """
import sys
import tintype.prompt as prompt
assert not {"torch", "ftfy", "regex"} & set(sys.modules)
prompt.load_tokenizer().tokens("a photo of a cat, 8k; it's 100% <real>")
assert not {"torch", "ftfy"} & set(sys.modules)
prompt.load_tokenizer().tokens("salt &amp; pepper")
assert "ftfy" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
