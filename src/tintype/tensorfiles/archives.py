"""Tables of contents of zip files, as torch writes them: entries stored as they are.

Python's own `zipfile` believes a file about the size of its table, which may be gigabytes.
Source: PKWARE's APPNOTE 6.3.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import BinaryIO

from tintype.errors import ModelError, shown
from tintype.tensorfiles.files import read_at, size_of_file
from tintype.tensorfiles.table import Slice

_MOST_ENTRIES = 100_000
_LONGEST_TABLE_BYTES = 32 * 1024 * 1024
_LONGEST_END_BYTES = 22 + 65535 + 20  # with a comment, and the locator of the larger end before it
_END = Struct("<4s4H2LH")
_LOCATOR = Struct("<4sLQL")
_LARGE_END = Struct("<4sQ2H2L4Q")
_ENTRY = Struct("<4s6H3L5H2L")
_LOCAL = Struct("<4s5H3L2H")
_LARGE_FIELD = 1
_UNKNOWN = 0xFFFFFFFF
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the archive.

    Attributes:
        offset: where its own header stands.
        bytes: its size, also in the archive unless it is compressed.
        is_plain: it lies there as it is, neither compressed nor encrypted.
    """

    offset: int
    bytes: int
    is_plain: bool


class Archive:
    """An open zip file.

    Attributes:
        entries: by name.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file, self._path = file, path
        self._size = size_of_file(file)
        self.entries: Mapping[str, Entry] = self._entries()

    def place(self, name: str) -> Slice:
        """Where an entry's bytes are.

        Raises:
            ModelError: there is no such entry, it is compressed, or torn off.
        """
        entry = self.entries.get(name)
        if entry is None:
            raise ModelError(f"The file is incomplete: {shown(name)} is not in its archive.")
        if not entry.is_plain:
            raise ModelError(
                "The file's archive is compressed or encrypted, as torch never writes it. Save it"
                " again with torch, or as .safetensors."
            )
        header = read_at(self._file, entry.offset, _LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise _senseless("an entry is not where it should be")
        *_, name_bytes, extra_bytes = _LOCAL.unpack(header)
        begin = entry.offset + _LOCAL.size + name_bytes + extra_bytes
        if begin + entry.bytes > self._size:
            raise _torn()
        return Slice(self._path, begin, entry.bytes)

    def read(self, name: str, most_bytes: int) -> bytes:
        """An entry's bytes. Raises `ModelError` where it is missing or longer than expected."""
        place = self.place(name)
        if place.bytes > most_bytes:
            raise ModelError(f"{shown(name)} in the file's archive is {place.bytes} bytes long.")
        return read_at(self._file, place.offset, place.bytes)

    def _entries(self) -> dict[str, Entry]:
        count, length, offset = self._end()
        if count > _MOST_ENTRIES or length > _LONGEST_TABLE_BYTES:
            raise _senseless(f"it claims to have {count} entries")
        table = read_at(self._file, offset, length)
        if len(table) < length:
            raise _torn()
        entries: dict[str, Entry] = {}
        place = 0
        for _ in range(count):
            name, entry, place = _entry(table, place)
            if name in entries:
                raise _senseless(f"{shown(name)} is in it twice")
            entries[name] = entry
        return entries

    def _end(self) -> tuple[int, int, int]:
        """How many entries there are, the length of their table, and where it begins."""
        start = max(0, self._size - _LONGEST_END_BYTES)
        tail = read_at(self._file, start, _LONGEST_END_BYTES)
        found = tail.rfind(b"PK\x05\x06")
        if found < 0 or found + _END.size > len(tail):
            raise _torn()
        *_, count, length, offset, _ = _END.unpack_from(tail, found)
        if count < 0xFFFF and length < _UNKNOWN and offset < _UNKNOWN:
            return count, length, offset
        if found < _LOCATOR.size:
            raise _torn()
        sign, _, end_offset, _ = _LOCATOR.unpack_from(tail, found - _LOCATOR.size)
        large_end = b"" if end_offset > self._size else self._large_end(end_offset)
        if sign != b"PK\x06\x07" or large_end[:4] != b"PK\x06\x06":
            return count, length, offset
        *_, count, length, offset = _LARGE_END.unpack(large_end)
        if offset > self._size:
            raise _torn()
        return count, length, offset

    def _large_end(self, offset: int) -> bytes:
        found = read_at(self._file, offset, _LARGE_END.size)
        return found if len(found) == _LARGE_END.size else b""


def _entry(table: bytes, place: int) -> tuple[str, Entry, int]:
    """The entry at a place in the table, and where the next one begins."""
    name_start = place + _ENTRY.size
    if name_start > len(table) or table[place : place + 4] != b"PK\x01\x02":
        raise _senseless("its table of contents is spoilt")
    fields = _ENTRY.unpack_from(table, place)
    flags, method = fields[3], fields[4]
    packed, size, name_bytes, extra_bytes, comment_bytes = fields[8:13]
    extra_start = name_start + name_bytes
    end = extra_start + extra_bytes
    name = table[name_start:extra_start].decode(errors="replace")
    packed, size, offset = _large(table[extra_start:end], (size, packed, fields[-1]))
    is_plain = method == 0 and not flags & _ENCRYPTED and packed == size
    return name, Entry(offset, size, is_plain), end + comment_bytes


def _large(extra: bytes, small: tuple[int, int, int]) -> tuple[int, int, int]:
    """Packed size, size and offset; those that take more than four bytes stand in a field apart."""
    numbers = _large_numbers(extra)
    size, packed, offset = (next(numbers, x) if x == _UNKNOWN else x for x in small)
    if offset >= 1 << 62 or size >= 1 << 62:
        raise _senseless("an entry is larger than any file")
    return packed, size, offset


def _large_numbers(extra: bytes) -> Iterator[int]:
    place = 0
    while place + 4 <= len(extra):
        kind = int.from_bytes(extra[place : place + 2], "little")
        length = int.from_bytes(extra[place + 2 : place + 4], "little")
        field = extra[place + 4 : place + 4 + length]
        if kind == _LARGE_FIELD:
            starts = range(0, len(field) - 7, 8)
            yield from (int.from_bytes(field[i : i + 8], "little") for i in starts)
        place += 4 + length


def _torn() -> ModelError:
    return ModelError(
        "The file is torn: the table of contents at its end, or what it speaks of, is not there."
        " Download or copy it again."
    )


def _senseless(why: str) -> ModelError:
    return ModelError(f"The file's archive makes no sense: {why}. Download or copy it again.")
