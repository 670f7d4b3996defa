"""Textual inversions on disk: their words, and the shapes of their vectors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from tintype.core.models import AdapterRecord, EmbeddingRecord
from tintype.errors import ModelError
from tintype.modelstore.facts import Fact, FileFacts, FileState
from tintype.modelstore.folders import Walk, files_below
from tintype.modelstore.hashes import FileHashes
from tintype.modelstore.places import Group
from tintype.tensorfiles import Inversion, bundled_inversions, open_inversion

_EXTENSIONS = (".safetensors", ".pt", ".bin")
_PICTURE, _PREVIEW = ".png", ".preview"
_SHAPES, _BUNDLED = "embedding", "bundled embeddings"
_TOLD = ("step", "sd_checkpoint", "sd_checkpoint_name")
_HASH_DIGITS = 12


def embedding_files(groups: Sequence[Group], walk: Walk) -> dict[str, FileState]:
    """Files that may be textual inversions, by stem; of two of one stem the earlier is taken.

    Pictures come last: most are but previews of a file of their name.
    """
    files: dict[str, FileState] = {}
    for folder in (folder for group in groups for folder in group):
        found = files_below(folder, (*_EXTENSIONS, _PICTURE), walk)
        for file in sorted(found, key=lambda file: file.path.suffix.lower() == _PICTURE):
            if not file.path.stem.endswith(_PREVIEW):
                files.setdefault(file.path.stem, file)
    return files


def embeddings_in(
    files: Mapping[str, FileState], facts: FileFacts, hashes: FileHashes
) -> tuple[EmbeddingRecord, ...]:
    """Every textual inversion, by name in any case; other files beside them are left out.

    Headers not seen before are read.
    """
    ordered = sorted(files.values(), key=lambda file: file.path.stem.casefold())
    shapes = facts.of(_SHAPES, ordered, _shapes_fact)
    records = (_record(file, fact, hashes) for file, fact in zip(ordered, shapes, strict=True))
    return tuple(record for record in records if record is not None)


def bundled_embeddings(record: AdapterRecord, facts: FileFacts) -> tuple[EmbeddingRecord, ...]:
    """The textual inversions that a LoRA brings along; they go by its hash."""
    file = FileState.of(record)
    words = cast("dict[str, Any]", next(facts.of(_BUNDLED, [file], _bundled_fact)))
    return tuple(
        EmbeddingRecord(
            name=name,
            path=record.path,
            modified=record.modified,
            vectors=fact["vectors"],
            widths=tuple(fact["widths"].items()),
            hash=record.hash,
            is_bundled=True,
        )
        for name, fact in words.items()
    )


def embedding_hash(record: EmbeddingRecord, hashes: FileHashes) -> str:
    """First twelve digits of the file's SHA-256. Raises `ModelError` if it cannot be read."""
    _, found = hashes.compute(record.path, f"embedding {record.name}")
    return found.sha256[:_HASH_DIGITS]


def _record(file: FileState, fact: Fact, hashes: FileHashes) -> EmbeddingRecord | None:
    vectors = fact["vectors"]
    if not isinstance(vectors, int):
        return None
    known = hashes.known(file)
    return EmbeddingRecord(
        name=str(fact.get("name") or file.path.stem),
        path=file.path,
        modified=file.modified,
        vectors=vectors,
        widths=tuple(cast("dict[str, int]", fact["widths"]).items()),
        hash=None if known is None else known.sha256[:_HASH_DIGITS],
        **cast("dict[str, Any]", {key: fact.get(key) for key in _TOLD}),
    )


def _shapes_fact(path: Path) -> Fact:
    try:
        found = open_inversion(path)
    except ModelError:
        return {"vectors": None}
    told = {key: getattr(found, key) for key in _TOLD}
    return {"name": found.name} | _sizes(found) | told


def _bundled_fact(path: Path) -> Fact:
    try:
        return {name: _sizes(found) for name, found in bundled_inversions(path).items()}
    except ModelError:
        return {}


def _sizes(found: Inversion) -> dict[str, object]:
    widths = {encoder: width for encoder, (_, width) in found.shapes.items()}
    return {"vectors": next(rows for rows, _ in found.shapes.values()), "widths": widths}
