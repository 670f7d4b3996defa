"""LoRAs on disk: found by their names, described when somebody asks."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from tintype.core.models import AdapterRecord
from tintype.errors import ModelError
from tintype.modelstore.facts import Fact, FileFacts, FileState
from tintype.modelstore.folders import files_below
from tintype.modelstore.headers import safetensors_metadata

_EXTENSIONS = (".safetensors", ".pt", ".ckpt")
_FOLDERS = ("Lora", "LyCORIS")
_ALIAS, _HASH = "adapter alias", "adapter hash"
_HASH_DIGITS = 12
_BLOCK_BYTES = 1 << 20


class AdapterListing:
    """The LoRAs of some roots. A file is opened only where a question needs what is in it.

    Files of one stem hide each other: those of later roots by earlier ones; within a root the
    last one found is taken, as in A1111.
    """

    def __init__(self, roots: Iterable[Path], facts: FileFacts) -> None:
        self._files = _found(roots)
        self._facts = facts

    @cached_property
    def records(self) -> tuple[AdapterRecord, ...]:
        """All of them; headers not seen before are read."""
        return tuple(self._described(list(self._files.values())))

    def find(self, name: str) -> AdapterRecord | None:
        """By stem, else by an alias that is one file's only; then both again in any case."""
        if file := self._files.get(name):
            return next(self._described([file]))
        return self._by_alias.get(name) or self._in_any_case.get(name.casefold())

    @cached_property
    def _by_alias(self) -> Mapping[str, AdapterRecord]:
        counts = Counter(record.alias for record in self.records)
        return {record.alias: record for record in self.records if counts[record.alias] == 1}

    @cached_property
    def _in_any_case(self) -> Mapping[str, AdapterRecord]:
        aliases = {alias.casefold(): record for alias, record in self._by_alias.items()}
        return aliases | {record.name.casefold(): record for record in self.records}

    def _described(self, files: Sequence[FileState]) -> Iterator[AdapterRecord]:
        for file, fact in zip(files, self._facts.of(_ALIAS, files, _alias_fact), strict=True):
            known = self._facts.known(_HASH, file)
            yield AdapterRecord(
                name=file.path.stem,
                path=file.path,
                bytes=file.bytes,
                modified=file.modified,
                alias=str(fact.get("alias") or file.path.stem),
                hash=None if known is None else str(known["hash"]),
            )


def adapter_hash(record: AdapterRecord, facts: FileFacts) -> str:
    """The twelve digits that A1111 knows a LoRA by.

    They are of the hash its trainer wrote into the file, else of what follows the header of a
    safetensors file (so that editing the free text changes nothing), else of the whole file.

    Raises:
        ModelError: the file cannot be read.
    """
    file = FileState(record.path, record.bytes, record.modified)
    try:
        return str(next(facts.of(_HASH, [file], _hash_fact))["hash"])
    except OSError as error:
        raise ModelError(f"LoRA {record.name} cannot be read ({error.strerror})") from error


def _alias_fact(path: Path) -> Fact:
    alias = safetensors_metadata(path).get("ss_output_name") if _is_safetensors(path) else None
    return {"alias": alias if isinstance(alias, str) else None}


def _hash_fact(path: Path) -> Fact:
    stated = safetensors_metadata(path).get("sshs_model_hash") if _is_safetensors(path) else None
    whole = stated if isinstance(stated, str) and stated else _content_hash(path)
    return {"hash": whole[:_HASH_DIGITS]}


def _content_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        if _is_safetensors(path):
            file.seek(8 + int.from_bytes(file.read(8), "little"))
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _is_safetensors(path: Path) -> bool:
    return path.suffix.lower() == ".safetensors"


def _found(roots: Iterable[Path]) -> dict[str, FileState]:
    files: dict[str, FileState] = {}
    for root in roots:
        own: dict[str, FileState] = {}
        for folder in _folders(root):
            own |= {file.path.stem: file for file in files_below(folder, _EXTENSIONS)}
        files |= {stem: file for stem, file in own.items() if stem not in files}
    return files


def _folders(root: Path) -> Iterator[Path]:
    models = root / "models" if (root / "models").is_dir() else root
    return (models / name for name in _FOLDERS)
