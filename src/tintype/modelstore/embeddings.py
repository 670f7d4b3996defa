"""Textual inversions on disk: their words, and the shapes of their vectors."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

from tintype.core.models import EmbeddingRecord
from tintype.errors import ModelError
from tintype.modelstore.facts import Fact, FileFacts, FileState
from tintype.modelstore.folders import files_below
from tintype.modelstore.headers import Shape, tensor_shapes

_EXTENSIONS = (".safetensors", ".pt", ".bin")
_SHAPES, _HASH = "embedding shapes", "embedding hash"
_HASH_DIGITS = 12
_FOR_TWO_ENCODERS = ("clip_l", "clip_g")
_ONE_ENCODER = "text"


def embeddings_in(roots: Iterable[Path], facts: FileFacts) -> tuple[EmbeddingRecord, ...]:
    """Every textual inversion, by name in any case; other files beside them are left out.

    Where two have one name, the earlier root's is taken. Headers not seen before are read.
    """
    files: dict[str, FileState] = {}
    for folder in (folder for root in roots for folder in _folders(root)):
        for file in files_below(folder, _EXTENSIONS):
            files.setdefault(file.path.stem, file)
    ordered = sorted(files.values(), key=lambda file: file.path.stem.casefold())
    shapes = facts.of(_SHAPES, ordered, _shapes_fact)
    records = (_record(file, fact, facts) for file, fact in zip(ordered, shapes, strict=True))
    return tuple(record for record in records if record is not None)


def embedding_hash(record: EmbeddingRecord, facts: FileFacts) -> str:
    """First twelve digits of the file's SHA-256. Raises `ModelError` if it cannot be read."""
    try:
        file = FileState(record.path, record.path.stat().st_size, record.modified)
        return str(next(facts.of(_HASH, [file], _hash_fact))["hash"])
    except OSError as error:
        raise ModelError(f"embedding {record.name} cannot be read ({error.strerror})") from error


def _record(file: FileState, fact: Fact, facts: FileFacts) -> EmbeddingRecord | None:
    vectors, widths = fact["vectors"], fact["widths"]
    if not isinstance(vectors, int):
        return None
    known = facts.known(_HASH, file)
    return EmbeddingRecord(
        name=file.path.stem,
        path=file.path,
        modified=file.modified,
        vectors=vectors,
        widths=tuple(cast("dict[str, int]", widths).items()),
        hash=None if known is None else str(known["hash"]),
    )


def _shapes_fact(path: Path) -> Fact:
    tables = _tables(dict(tensor_shapes(path)))
    vectors = {rows for rows, _ in tables.values()}
    if len(vectors) != 1 or 0 in vectors:
        return {"vectors": None, "widths": None}
    widths = {encoder: width for encoder, (_, width) in tables.items()}
    return {"vectors": vectors.pop(), "widths": widths}


def _tables(shapes: dict[str, Shape]) -> dict[str, tuple[int, int]]:
    """Rows and columns for each text encoder; empty for a file that is no textual inversion."""
    if all(name in shapes for name in _FOR_TWO_ENCODERS):
        shapes = {name: shapes[name] for name in _FOR_TWO_ENCODERS}
    elif len(shapes) == 1:
        shapes = {_ONE_ENCODER: next(iter(shapes.values()))}
    else:
        return {}
    full = {name: (1, *shape) if len(shape) == 1 else shape for name, shape in shapes.items()}
    if any(len(shape) != 2 for shape in full.values()):
        return {}
    return {name: (shape[0], shape[1]) for name, shape in full.items()}


def _hash_fact(path: Path) -> Fact:
    with path.open("rb") as file:
        return {"hash": hashlib.file_digest(file, "sha256").hexdigest()[:_HASH_DIGITS]}


def _folders(root: Path) -> Iterator[Path]:
    """Beside the models as A1111 has it, or among them."""
    if root.name == "models":
        yield root.parent / "embeddings"
    yield root / "embeddings"
    yield root / "models" / "embeddings"
