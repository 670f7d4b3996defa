"""LoRAs on disk: found by their names, described when somebody asks."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from tintype.core.models import AdapterRecord
from tintype.modelstore.facts import FileFacts, FileState
from tintype.modelstore.folders import Walk, files_below
from tintype.modelstore.free_text import named_in
from tintype.modelstore.hashes import FileHashes
from tintype.modelstore.places import Group

_EXTENSIONS = (".safetensors", ".pt", ".ckpt")
_HASH_DIGITS = 12


class AdapterListing:
    """LoRAs by stem. A file is opened only where a question needs what is in it."""

    def __init__(
        self, files: Mapping[str, FileState], facts: FileFacts, hashes: FileHashes
    ) -> None:
        self._files, self._facts, self._hashes = files, facts, hashes

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
        for file, named in zip(files, named_in(files, self._facts), strict=True):
            yield AdapterRecord(
                name=file.path.stem,
                path=file.path,
                bytes=file.bytes,
                modified=file.modified,
                alias=str(named.get("alias") or file.path.stem),
                hash=_hash(named.get("hash"), file, self._hashes),
            )


def adapters_in(groups: Sequence[Group], walk: Walk) -> dict[str, FileState]:
    """LoRA files by stem.

    Files of one stem hide each other: those of later groups by earlier ones; within a group the
    last one found is taken, as in A1111.
    """
    files: dict[str, FileState] = {}
    for group in groups:
        found = (file for folder in group for file in files_below(folder, _EXTENSIONS, walk))
        own = {file.path.stem: file for file in found}
        files |= {stem: file for stem, file in own.items() if stem not in files}
    return files


def adapter_hash(record: AdapterRecord, facts: FileFacts, hashes: FileHashes) -> str:
    """The twelve digits that A1111 knows a LoRA by.

    They are of the hash its trainer wrote into the file, else AutoV3 (so that editing the free
    text changes nothing), else of the whole file.

    Raises:
        ModelError: the file cannot be read.
    """
    file = FileState.of(record)
    named = next(named_in([file], facts))
    if known := record.hash or _hash(named.get("hash"), file, hashes):
        return known
    _, found = hashes.compute(record.path, f"LoRA {record.name}", with_autov3=True)
    return found.autov3 or found.sha256[:_HASH_DIGITS]


def _hash(stated: object, file: FileState, hashes: FileHashes) -> str | None:
    if isinstance(stated, str):
        return stated[:_HASH_DIGITS]
    known = hashes.known(file)
    if known is None or not known.has_autov3:
        return None
    return known.autov3 or known.sha256[:_HASH_DIGITS]
