"""Tables of contents of safetensors files.

A file is the length of its header in eight bytes, the header as JSON, and the numbers of all
tensors one after the other. Source: https://github.com/huggingface/safetensors, "Format".
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, cast

from tintype.errors import ModelError, shown
from tintype.tensorfiles.dtypes import BITS, size_of
from tintype.tensorfiles.files import opened, size_of_file
from tintype.tensorfiles.table import Shape, Slice, StoredTensor, TensorTable

LONGEST_HEADER_BYTES = 16 * 1024 * 1024  # LoRAs with all their training's words take one or two
_MOST_BRACKETS = 400_000  # three to a tensor: what a header of that length might cost in memory
_LARGEST_SIZE = 1 << 48
_METADATA = "__metadata__"
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")

Entries = dict[str, object]


def open_safetensors(path: Path) -> TensorTable:
    """The tensors of a file, by the names they have in it, and the free text of its header.

    Raises:
        ModelError: the file is missing, torn, or no safetensors file, and how so.
    """
    with opened(path) as file:
        size = size_of_file(file)
        entries, start = _read_header(file, size)
    metadata = _metadata(entries.pop(_METADATA, None))
    tensors = {_whole(name): _tensor(path, start, name, x) for name, x in entries.items()}
    _require_whole(tensors, start, size)
    return TensorTable(tensors, metadata)


def safetensors_metadata(path: Path) -> dict[str, object]:
    """The free text of a header alone; the tensors are not looked at.

    Raises:
        ModelError: as `open_safetensors`, where the header cannot be read.
    """
    with opened(path) as file:
        entries, _ = _read_header(file, size_of_file(file))
    return _metadata(entries.get(_METADATA))


def _read_header(file: BinaryIO, size: int) -> tuple[Entries, int]:
    """A header's entries, and where the tensors begin."""
    start = file.read(8)
    length = int.from_bytes(start, "little")
    first = file.read(1)
    if start.startswith(_PICKLE_STARTS) and start[4:] != bytes(4):
        raise ModelError(
            "This is a torch file (a pickle) under the name of a safetensors file. Give it its"
            " extension back: .ckpt, .pt or .bin."
        )
    if size < 8 or (first == b"{" and 8 + length > size):
        raise ModelError("The file is torn: it ends within its header. Download or copy it again.")
    if first != b"{":
        raise ModelError("This is not a safetensors file.")
    if length > LONGEST_HEADER_BYTES:
        raise _invalid(f"it is {length} bytes long, where at most {LONGEST_HEADER_BYTES} are read")
    return _parsed(first + file.read(length - 1)), 8 + length


def _parsed(header: bytes) -> Entries:
    if header.count(b"{") + header.count(b"[") > _MOST_BRACKETS:
        raise _invalid("it has more entries than any model")
    try:
        entries: object = json.loads(header, object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError) as error:
        raise _invalid(f"its JSON cannot be read ({str(error)[:100]})") from error
    return cast("Entries", entries)  # it begins with a brace


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in mapping if names.count(name) > 1)
        raise _invalid(f"{shown(twice)} is in it twice")
    return mapping


def _metadata(value: object) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _invalid(f"its {_METADATA} is no mapping")
    texts = cast("Entries", value).items()
    return {_whole(key): _whole(x) if isinstance(x, str) else x for key, x in texts}


def _whole(text: str) -> str:
    """Half characters, which JSON can spell and nobody can send on, become question marks."""
    return text.encode(errors="replace").decode()


def _tensor(path: Path, start: int, name: str, entry: object) -> StoredTensor:
    fields = cast("Entries", entry) if isinstance(entry, dict) else {}
    dtype, shape = fields.get("dtype"), _sizes(fields.get("shape"))
    place = _sizes(fields.get("data_offsets"))
    if shape is None or place is None or len(place) != 2:
        raise _invalid(f"the entry {shown(name)} lacks its shape or place")
    if not isinstance(dtype, str) or dtype not in BITS:
        raise _invalid(f"{shown(name)} is of type {shown(dtype)}; known are {', '.join(BITS)}")
    begin, end = place
    if end - begin != size_of(shape, dtype):
        raise _invalid(f"{shown(name)} has {end - begin} bytes for {dtype} of shape {shown(shape)}")
    return StoredTensor(shape, dtype, (Slice(path, start + begin, end - begin),))


def _sizes(value: object) -> Shape | None:
    if not isinstance(value, list):
        return None
    sizes = cast("list[object]", value)
    if any(type(size) is not int or not 0 <= size < _LARGEST_SIZE for size in sizes):
        return None
    return tuple(cast("list[int]", sizes))


def _require_whole(tensors: Mapping[str, StoredTensor], start: int, size: int) -> None:
    """The tensors must fill the file, one after the other."""
    places = sorted((t.slices[0].offset, t.slices[0].offset + t.bytes) for t in tensors.values())
    promised = places[-1][1] if places else start
    if promised > size:
        raise ModelError(
            f"The file is torn: {size} of {promised} bytes are there. Download or copy it again."
        )
    edges = [(start, start), *places, (size, size)]
    for (_, end), (begin, _) in pairwise(edges):
        if begin < end:
            raise _invalid("tensors lie on one another")
        if begin > end:
            raise _invalid(f"{begin - end} bytes belong to no tensor")


def _invalid(why: str) -> ModelError:
    return ModelError(f"The file's header is not valid safetensors: {why}.")
