"""Upscalers on disk: named as A1111 names them, with the scale their tensors tell."""

from collections.abc import Iterable
from pathlib import Path

from tintype.core.models import A1111_UPSCALERS, UpscalerRecord
from tintype.core.upscaler_files import sizes_of, under_our_names
from tintype.errors import ModelError
from tintype.modelstore.facts import Fact, FileFacts, FileState
from tintype.tensorfiles import open_upscaler

_FACT, _UNTOLD = "upscaler", 4


def upscalers_in(files: Iterable[FileState], facts: FileFacts) -> tuple[UpscalerRecord, ...]:
    """Every upscaler, by name in any case; headers not seen before are read."""
    every = list(files)
    scales = facts.of(_FACT, every, _fact)
    records = (_record(file, fact) for file, fact in zip(every, scales, strict=True))
    return tuple(sorted(records, key=lambda record: record.name.casefold()))


def _record(file: FileState, fact: Fact) -> UpscalerRecord:
    name = A1111_UPSCALERS.get(file.path.stem, file.path.stem)
    scale = fact["scale"]
    known = scale if isinstance(scale, int) else _UNTOLD
    return UpscalerRecord(name, file.path, file.bytes, file.modified, known)


def _fact(path: Path) -> Fact:
    """Files that cannot be read are the trouble of those who ask for them."""
    try:
        tensors = under_our_names(open_upscaler(path))
        sizes = sizes_of({name: tensor.shape for name, tensor in tensors.items()})
    except ModelError:
        sizes = None
    return {"scale": None if sizes is None else sizes.scale}
