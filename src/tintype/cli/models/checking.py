"""Reading models again, and holding them against all that is known of them."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tintype.errors import ModelError
from tintype.fetching.records import Record, read_record
from tintype.modelstore import Entry, ModelStore
from tintype.modelstore.pipelines import weights_of
from tintype.tensorfiles import open_table

_LONGEST_NOTES_BYTES = 2**20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of it.

    Attributes:
        name: of the model.
        known_by: what it was held against, in words.
        wrongs: what is wrong, each in a sentence; empty where all is well.
    """

    name: str
    known_by: str
    wrongs: tuple[str, ...]


def verify_all(chosen: Iterable[Entry], store: ModelStore) -> Iterator[Verdict]:
    """Read all of each model, one after the other."""
    return (_verify(entry, store) for entry in chosen)


def _verify(entry: Entry, store: ModelStore) -> Verdict:
    path, record = entry.file.path, read_record(entry.file.path)
    known = store.hashes.known(entry.file)
    digests: dict[str, str] = {}
    wrongs = [*_unreadable(entry), *_hash_all(path, record, digests)]
    sources: list[str] = []
    whole = digests.get(path.name)
    if known is not None and whole is not None:
        sources.append("index")
        if whole != known.sha256:
            wrongs.append(f"its SHA-256 is {whole}; the index knows {known.sha256}")
    if record is not None:
        sources.append("source" if all(f.stated for f in record.files.values()) else "first copy")
        wrongs += _against_record(path, record, digests)
    if whole is not None and (stated := _by_civitai(path)):
        sources.append("Civitai")
        if whole not in stated:
            wrongs.append(f"its SHA-256 is {whole}, of none of the files Civitai tells of")
    return Verdict(entry.name, _in_words(sources), tuple(wrongs))


def _unreadable(entry: Entry) -> Iterator[str]:
    """Upscalers and textual inversions come in forms that are no tables; their hashes must do."""
    if entry.kind in ("checkpoint", "lora", "vae", "controlnet"):
        try:
            open_table(entry.file.path)
        except ModelError as error:
            yield str(error)


def _hash_all(path: Path, record: Record | None, digests: dict[str, str]) -> Iterator[str]:
    """Fill `digests` by name; of a folder with what its record speaks of, and its U-Net."""
    files = {path.name: path}
    if path.is_dir():
        names = () if record is None else record.files
        files = {name: path / name for name in names if _is_below(name)}
    for name, file in files.items():
        try:
            with file.open("rb") as opened:
                digests[name] = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            yield f"{name} cannot be read: {error.strerror}"
    if path.is_dir():
        yield from _hash_unet(path, digests)


def _hash_unet(folder: Path, digests: dict[str, str]) -> Iterator[str]:
    """A folder goes by its U-Net's weights, shard by shard."""
    digest = hashlib.sha256()
    try:
        for file in weights_of(folder):
            with file.open("rb") as opened:
                while block := opened.read(2**20):
                    digest.update(block)
    except OSError as error:
        yield f"its U-Net cannot be read: {error.strerror}"
    else:
        digests[folder.name] = digest.hexdigest()


def _against_record(path: Path, record: Record, digests: Mapping[str, str]) -> Iterator[str]:
    for name, file in record.files.items():
        is_whole = name == path.name or path.is_dir()
        found = digests.get(name)
        if is_whole and found is not None and found != file.sha256:
            yield f"{name}: its SHA-256 is {found}; {file.sha256} came from {record.address}"


def _by_civitai(path: Path) -> set[str]:
    """The hashes that notes beside a file have from Civitai."""
    notes = path.with_suffix(".civitai.info")
    try:
        if notes.stat().st_size > _LONGEST_NOTES_BYTES:
            return set()
        told: object = json.loads(notes.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return set()
    files = _mapping(told).get("files")
    entries = cast("list[object]", files) if isinstance(files, list) else []
    stated = (_mapping(_mapping(entry).get("hashes")).get("SHA256") for entry in entries)
    return {digest for one in stated if _SHA256.fullmatch(digest := str(one).lower())}


def _in_words(sources: list[str]) -> str:
    return f"by {', '.join(sources)}" if sources else "no hash was known"


def _is_below(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/")


def _mapping(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}
