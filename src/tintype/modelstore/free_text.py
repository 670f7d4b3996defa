"""The free text of safetensors headers: who trained a file on what, and how it is called."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from tintype.errors import ModelError
from tintype.modelstore.facts import Fact, FileFacts, FileState
from tintype.tensorfiles import safetensors_metadata

_KIND = "free text"
_MOST_VALUE_CHARS = 1 << 20  # longer ones are pictures and the like, which no list needs
_AT_ONCE = 256


def named_in(files: Sequence[FileState], facts: FileFacts) -> Iterator[Fact]:
    """Of each file `alias`, its `ss_output_name`, and `hash`, its `sshs_model_hash`, or None.

    Headers not seen before are read, and their whole text kept.
    """
    read_headers(files, facts)
    return (facts.known(_KIND, file) or {} for file in files)


def read_headers(files: Sequence[FileState], facts: FileFacts) -> None:
    """Read the headers not seen before, and keep their whole text."""
    for start in range(0, len(files), _AT_ONCE):
        some = files[start : start + _AT_ONCE]
        new = {file: _read(file.path) for file in some if facts.known(_KIND, file) is None}
        facts.remember_texts({file: json.dumps(text) for file, text in new.items() if text})
        facts.remember(_KIND, {file: _names(text) for file, text in new.items()})


def is_read(file: FileState, facts: FileFacts) -> bool:
    """Whether the header has been seen before."""
    return facts.known(_KIND, file) is not None


def known_alias(file: FileState, facts: FileFacts) -> str | None:
    """The `ss_output_name` of a file whose header has been seen before, or None."""
    return _word((facts.known(_KIND, file) or {}).get("alias"))


def text_of(file: FileState, facts: FileFacts) -> dict[str, object]:
    """The text of a file in A1111's form; empty where there is none.

    What trainers wrote (`ss_…`) comes first, and values that look like JSON are unfolded.
    """
    read_headers([file], facts)
    return cast("dict[str, object]", json.loads(next(facts.texts([file])) or "{}"))


def _read(path: Path) -> Mapping[str, object]:
    if path.suffix.lower() != ".safetensors":
        return {}
    try:
        text = safetensors_metadata(path)
    except ModelError:
        return {}
    ordered = sorted(text.items(), key=lambda item: not item[0].startswith("ss_"))
    return {name: _unfolded(value) for name, value in ordered if not _is_long(value)}


def _is_long(value: object) -> bool:
    return isinstance(value, str) and len(value) > _MOST_VALUE_CHARS


def _unfolded(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("{"):
        return value
    try:
        return _finite(json.loads(value, parse_constant=str))
    except (ValueError, RecursionError):
        return value


def _finite(value: object) -> object:
    """As it is, unless it could not be written down again. Raises what `json.dumps` raises."""
    json.dumps(value, allow_nan=False)
    return value


def _names(text: Mapping[str, object]) -> Fact:
    return {"alias": _word(text.get("ss_output_name")), "hash": _word(text.get("sshs_model_hash"))}


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
