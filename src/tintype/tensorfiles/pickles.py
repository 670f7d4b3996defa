"""Torch's files: a pickle that describes tensors, and the storages their numbers are in.

Since torch 1.6 both are entries of a zip file; before, the storages followed the pickle. The pickle
is never run: see `unpickling.py`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from tintype.errors import ModelError
from tintype.tensorfiles.archives import Archive
from tintype.tensorfiles.dtypes import BITS
from tintype.tensorfiles.files import opened, read_at, size_of_file
from tintype.tensorfiles.layouts import stored
from tintype.tensorfiles.standins import LooseTensor, Storage
from tintype.tensorfiles.table import Slice, StoredTensor
from tintype.tensorfiles.unpickling import Unpickled, unpickled

LONGEST_PICKLE_BYTES = 16 * 1024 * 1024
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_TAR, _TAR_PLACE = b"ustar", 257
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_SAFETENSORS_PLACE = 8


@dataclass(frozen=True, slots=True)
class Pickled:
    """What a torch file holds.

    Attributes:
        value: plain values with `LooseTensor`s among them.
        homes: where each storage is, by key.
    """

    value: object
    homes: Mapping[str, Slice]

    def tensor(self, loose: LooseTensor) -> StoredTensor:
        """Where a tensor of `value` is. Raises `ModelError` if it is nowhere in the file."""
        home = self.homes.get(loose.storage.key)
        if home is None:
            raise ModelError("A tensor's storage is not in the file.")
        return stored(loose, home)


def open_pickle(path: Path) -> Pickled:
    """Follow a torch file's pickle without running it.

    Raises:
        ModelError: the file is missing, torn, hostile, or none of torch's; in words.
    """
    with opened(path) as file:
        start = read_at(file, 0, _TAR_PLACE + len(_TAR))
        if start.startswith(_ZIP):
            return _from_zip(Archive(file, path))
        if start.startswith(_PICKLE):
            return _from_legacy(file, path)
    raise ModelError(_what_else(start))


def _what_else(start: bytes) -> str:
    if not start:
        return "The file is torn: it is empty. Download or copy it again."
    if start[_TAR_PLACE:] == _TAR:
        return "This is a tar file of a torch before 0.1.10. Save it again with a newer one."
    if start[_SAFETENSORS_PLACE : _SAFETENSORS_PLACE + 1] == b"{":
        return (
            "This is a safetensors file under the name of a torch file. Give it the extension"
            " .safetensors."
        )
    return "This is not a file of torch's."


def _from_zip(archive: Archive) -> Pickled:
    name = next((name for name in archive.entries if name.endswith("/data.pkl")), None)
    if name is None:
        raise ModelError("This is a zip file, but none of torch's: it has no data.pkl.")
    root = name.removesuffix("data.pkl")
    if f"{root}constants.pkl" in archive.entries:
        raise ModelError("This is a TorchScript program. Expected were tensors by name.")
    order = f"{root}byteorder"
    if order in archive.entries and archive.read(order, 100).strip() != b"little":
        raise ModelError("The file's numbers were written big end first, which is not read here.")
    found = unpickled(archive.read(name, LONGEST_PICKLE_BYTES))
    return Pickled(found.value, {key: archive.place(f"{root}data/{key}") for key in found.storages})


def _from_legacy(file: BinaryIO, path: Path) -> Pickled:
    data = read_at(file, 0, LONGEST_PICKLE_BYTES)
    magic = unpickled(data)
    if magic.value != _MAGIC:
        raise ModelError("This is a pickle, but none of torch's. Expected were tensors by name.")
    protocol = unpickled(data, magic.end)
    system = unpickled(data, protocol.end)
    if protocol.value != _PROTOCOL or not _is_little(system.value):
        raise ModelError("The file was written by a torch of another kind: big end first, or odd.")
    content = unpickled(data, system.end)
    keys = unpickled(data, content.end)
    homes = {place[0]: place[1] for place in _homes(file, path, content, keys)}
    return Pickled(content.value, homes)


def _is_little(system: object) -> bool:
    return isinstance(system, dict) and bool(
        cast("dict[object, object]", system).get("little_endian")
    )


def _homes(
    file: BinaryIO, path: Path, content: Unpickled, keys: Unpickled
) -> Iterator[tuple[str, Slice]]:
    """The storages follow the pickles in the order of their keys, each behind its length."""
    if not isinstance(keys.value, list):
        raise ModelError("The file has no list of its storages.")
    size, place = size_of_file(file), keys.end
    for key in cast("list[object]", keys.value):
        home = content.storages.get(key) if isinstance(key, str) else None
        count = int.from_bytes(read_at(file, place, 8), "little")
        if home is None or (count < _whole_count(home) and place + 8 <= size):
            raise ModelError("The file's list of storages does not fit its tensors.")
        taken = count * BITS[home.dtype] // 8
        place += 8
        if place + taken > size:
            raise ModelError(
                f"The file is torn: {size} of at least {place + taken} bytes are there. Download or"
                " copy it again."
            )
        yield home.key, Slice(path, place, taken)
        place += taken


def _whole_count(home: Storage) -> int:
    return home.first + home.count
