"""What people and programs have written beside a model: notes, descriptions, trigger words.

`<stem>.json` is A1111's, `<stem>.civitai.info` what several download managers keep of Civitai's
answer, `<stem>.txt` a description. They come from anywhere, so nothing in them is believed to be
of the right type or of a sane length, and markup is taken out of texts.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from tintype.core.foreign import as_list, as_mapping

_MOST_JSON_BYTES, _MOST_TEXT_BYTES = 1 << 20, 1 << 16
_TAG = re.compile(r"<(/?[A-Za-z][A-Za-z0-9]{0,20}|!)(?![A-Za-z0-9])[^<>]{0,2000}>")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HIDDEN = ("script", "style")
_BREAKS = ("p", "br", "li", "div", "h1", "h2", "h3")
_MOST_CHARS, _MOST_WORDS, _MOST_WORD_CHARS = 20_000, 100, 1000


@dataclass(frozen=True, slots=True)
class Notes:
    """What is noted about a model; None and empty where nothing is.

    Attributes:
        description: what it is, plain text.
        notes: the owner's own words.
        trigger_words: parts of prompts that call up what it was trained on.
        negative_text: what belongs in the negative prompt with it.
        preferred_weight: of a LoRA in a prompt.
        base_model: what it was trained from, in the words of whoever noted it.
        author: who made it.
        source: where it came from, an address.
        vae: the autoencoder a checkpoint shall be used with.
    """

    description: str | None = None
    notes: str | None = None
    trigger_words: tuple[str, ...] = ()
    negative_text: str | None = None
    preferred_weight: float | None = None
    base_model: str | None = None
    author: str | None = None
    source: str | None = None
    vae: str | None = None


def notes_beside(path: Path) -> Notes:
    """Everything noted beside a model; files that cannot be read say nothing."""
    beside, civitai = _json(_beside(path, ".json")), _json(_beside(path, ".civitai.info"))
    is_civitai = "trainedWords" in beside and not civitai  # some managers use the other name
    own, civitai = ({}, beside) if is_civitai else (beside, civitai)
    model = as_mapping(civitai.get("model"))
    creator = as_mapping(civitai.get("creator") or model.get("creator"))
    words = [own.get("activation text"), *as_list(civitai.get("trainedWords"))[:_MOST_WORDS]]
    return Notes(
        description=_text(own.get("description"))
        or plain(_read(_beside(path, ".txt"), _MOST_TEXT_BYTES))
        or _text(civitai.get("description"))
        or _text(model.get("description")),
        notes=_text(own.get("notes")),
        trigger_words=tuple(dict.fromkeys(_words(words))),
        negative_text=_text(own.get("negative text")),
        preferred_weight=_weight(own.get("preferred weight")),
        base_model=_text(own.get("sd version")) or _text(civitai.get("baseModel")),
        author=_text(creator.get("username")),
        source=_source(civitai.get("modelId"), civitai.get("id")),
        vae=_text(own.get("vae")),
    )


def noted_vae(path: Path) -> str | None:
    """The autoencoder that the notes beside a checkpoint want for it, or None; reads no more."""
    return _text(_json(_beside(path, ".json")).get("vae"))


def hashes_by_civitai(path: Path) -> set[str]:
    """SHA-256 of each file that Civitai counts to the model, in lower case; empty without word."""
    files = map(as_mapping, as_list(_json(_beside(path, ".civitai.info")).get("files")))
    stated = (str(as_mapping(file.get("hashes")).get("SHA256")).lower() for file in files)
    return {digest for digest in stated if _SHA256.fullmatch(digest)}


def plain(text: str) -> str | None:
    """A text without markup, bounded in length; None if nothing is left."""
    words = unescape("".join(_without_tags(text[: 4 * _MOST_CHARS])))
    lines = words.encode(errors="replace").decode().splitlines()
    joined = "\n".join(line.strip() for line in lines if line.strip())
    return joined[:_MOST_CHARS] or None


def _without_tags(text: str) -> Iterator[str]:
    """By a pattern of our own: `html.parser` takes minutes for some of what may come."""
    is_hidden = False
    for place, part in enumerate(_TAG.split(text)):
        if place % 2:  # the name of a tag, with its slash at an end
            is_hidden = part.lower() in _HIDDEN
            yield "\n" if part.lower() in _BREAKS else ""
        elif not is_hidden:
            yield part


def _beside(path: Path, suffix: str) -> Path:
    """A folder's notes go by its whole name, a file's by its stem."""
    return path.with_name(f"{path.name if path.is_dir() else path.stem}{suffix}")


def _json(path: Path) -> dict[str, object]:
    """The object in a file; empty where there is none."""
    try:
        return as_mapping(json.loads(_read(path, _MOST_JSON_BYTES) or "{}"))
    except (ValueError, RecursionError):
        return {}


def _read(path: Path, most_bytes: int) -> str:
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return file.read(most_bytes).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""


def _text(value: object) -> str | None:
    return plain(value) if isinstance(value, str) else None


def _words(values: list[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str) and (word := value.strip().strip(",").strip()):
            yield word[:_MOST_WORD_CHARS].encode(errors="replace").decode()


def _weight(value: object) -> float | None:
    """A1111 writes 0 where nobody has chosen one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -100 <= value <= 100:
        return None
    return float(value) or None


def _source(model: object, version: object) -> str | None:
    if type(model) is not int or type(version) is not int:
        return None
    return f"https://civitai.com/models/{model}?modelVersionId={version}"
