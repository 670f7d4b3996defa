"""Textual inversions in the text of PNG pictures.

A1111 writes them under the keyword `sd-ti-embedding`, as JSON in base64: the same mapping as in its
own files, tensors written out as lists of numbers.

Source of the format of PNG: W3C, Portable Network Graphics (Third Edition), section 5.
"""

import binascii
import json
import zlib
from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from tintype.errors import ModelError
from tintype.tensorfiles.files import opened, read_at
from tintype.tensorfiles.table import Shape

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_END = b"IEND"
_KEYWORD = b"sd-ti-embedding\0"
_MOST_CHUNKS = 20_000
_LONGEST_TEXT_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """A tensor written out in words.

    Attributes:
        shape: one or two dimensions.
        numbers: row by row.
    """

    shape: Shape
    numbers: tuple[float, ...]


def written_inversion(path: Path) -> tuple[Mapping[str, object], Mapping[str, Written]]:
    """What a textual inversion in a picture's text says of itself, and its tensors.

    Raises:
        ModelError: the file is no PNG picture, has no such text, or one that makes no sense.
    """
    with opened(path) as file:
        text = next(_texts(file), None)
    if text is None:
        raise ModelError(
            "This picture holds no textual inversion in its text (sd-ti-embedding). One hidden in"
            " its pixels cannot be read; use the .pt or .safetensors file."
        )
    content = _content(text)
    parameters = content.get("string_to_param")
    if not isinstance(parameters, dict):
        raise ModelError("The textual inversion in this picture has no string_to_param.")
    items = cast("dict[str, object]", parameters).items()
    return content, {key: _written(item) for key, item in items}


def _texts(file: BinaryIO) -> Iterator[bytes]:
    """What stands under the keyword, still in base64."""
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        raise ModelError("This is no PNG picture.")
    for kind, place, length in islice(_chunks(file), _MOST_CHUNKS):
        if kind in _TEXTS and length <= _LONGEST_TEXT_BYTES:
            data = read_at(file, place, length)
            if data.startswith(_KEYWORD):
                yield _text(kind, data.removeprefix(_KEYWORD))


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place and length of what the file consists of."""
    place = len(_SIGNATURE)
    while len(head := read_at(file, place, 8)) == 8 and head[4:] != _END:
        length = int.from_bytes(head[:4], "big")
        yield head[4:], place + 8, length
        place += 12 + length


def _text(kind: bytes, data: bytes) -> bytes:
    if kind == b"tEXt":
        return data
    is_packed, rest = kind == b"zTXt", data[1:]
    if kind == b"iTXt":
        is_packed = data[:1] == b"\1"
        _, _, rest = data[2:].partition(b"\0")  # language
        _, _, rest = rest.partition(b"\0")  # the keyword translated
    return _unpacked(rest) if is_packed else rest


def _unpacked(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, _LONGEST_TEXT_BYTES)
    except zlib.error as error:
        raise ModelError("The text of this picture is packed in a way that is spoilt.") from error


def _content(text: bytes) -> Mapping[str, object]:
    try:
        content: object = json.loads(b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise ModelError("The textual inversion in this picture is spoilt.") from error
    if not isinstance(content, dict):
        raise ModelError("The textual inversion in this picture is no mapping.")
    return cast("dict[str, object]", content)


def _written(value: object) -> Written:
    """Rows of numbers, or a mapping that says of what kind they are and has them as its value."""
    if isinstance(value, dict):
        value = next(iter(cast("dict[str, object]", value).values()), None)
    rows = _list(value)
    if rows and not isinstance(rows[0], list):
        return Written((len(rows),), tuple(_number(number) for number in rows))
    lists = [_list(row) for row in rows]
    if len({len(row) for row in lists}) > 1:
        raise ModelError("The textual inversion in this picture has rows of several lengths.")
    numbers = tuple(_number(number) for row in lists for number in row)
    return Written((len(lists), len(lists[0]) if lists else 0), numbers)


def _list(value: object) -> list[object]:
    if isinstance(value, list):
        return cast("list[object]", value)
    raise ModelError("The textual inversion in this picture holds no rows of numbers.")


def _number(value: object) -> float:
    if isinstance(value, int | float) and abs(value) < 1e30:
        return float(value)
    raise ModelError("The textual inversion in this picture holds what is no number.")
