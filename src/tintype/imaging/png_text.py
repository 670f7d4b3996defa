"""Reading the text in PNG files without decoding a pixel.

A PNG file is a signature and then chunks: length, four letters, body, checksum. Text is in `tEXt`
(Latin-1), `zTXt` (the same, deflated) and `iTXt` (UTF-8, deflated or not), before or after the
picture. Source: PNG specification, third edition, sections 5 and 11.3.3.
"""

import struct
import zlib
from collections.abc import Iterator
from itertools import islice

from tintype.errors import InvalidRequest

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"parameters"
_MOST_TEXT_BYTES = 1 << 20
_MOST_TEXTS = 64
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")


def read_png_infotext(data: bytes) -> str | None:
    """The infotext of a PNG file (its text `parameters`), or None if it has none.

    The picture itself is never decoded, whatever size it claims.

    Raises:
        InvalidRequest: this is no PNG file, its text is torn, or unpacks to more than 1 MiB.
    """
    for keyword, kind, rest in _packed_texts(data):
        if keyword == _KEYWORD:
            return _text(kind, rest)
    return None


def read_png_texts(data: bytes) -> dict[str, str]:
    """All text of a PNG file by keyword, the first of each; of a great many, the first 64.

    Raises:
        InvalidRequest: as `read_png_infotext`, for any of the texts.
    """
    texts: dict[str, str] = {}
    for keyword, kind, rest in islice(_packed_texts(data), _MOST_TEXTS):
        texts.setdefault(keyword.decode("latin-1"), _text(kind, rest))
    return texts


def read_png_exif(data: bytes) -> bytes | None:
    """The EXIF block of a PNG file, if it has one; not looked into.

    Raises:
        InvalidRequest: this is no PNG file.
    """
    return next((body for kind, body in _chunks(data) if kind == b"eXIf"), None)


def _packed_texts(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Keyword, kind of chunk, and what stands behind the keyword."""
    for kind, body in _chunks(data):
        keyword, found, rest = body.partition(b"\0")
        if kind in _TEXT_CHUNKS and found:
            yield keyword, kind, rest


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each chunk; a file that was cut off ends with its last whole chunk."""
    if not data.startswith(_SIGNATURE):
        raise InvalidRequest("image", "this is not a PNG file")
    start = len(_SIGNATURE)
    while start + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, start)
        body = data[start + 8 : start + 8 + length]
        if len(body) < length or kind == b"IEND":
            return
        yield kind, body
        start += 12 + length


def _text(kind: bytes, rest: bytes) -> str:
    """The text behind the keyword of a text chunk."""
    match kind:
        case b"zTXt":
            return _inflated(rest[1:]).decode("latin-1")
        case b"iTXt":
            return _international(rest)
        case _:
            return _bounded(rest).decode("latin-1")


def _international(rest: bytes) -> str:
    """Flag, method, language, NUL, translated keyword, NUL, text."""
    parts = rest[2:].split(b"\0", 2)
    if len(parts) != 3:
        raise InvalidRequest("image", "the text in this PNG file is torn")
    text = _inflated(parts[2]) if rest[:1] == b"\1" else _bounded(parts[2])
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest("image", "the text in this PNG file is not UTF-8") from error


def _inflated(packed: bytes) -> bytes:
    try:
        return _bounded(zlib.decompressobj().decompress(packed, _MOST_TEXT_BYTES + 1))
    except zlib.error as error:
        raise InvalidRequest("image", "the text in this PNG file is torn") from error


def _bounded(text: bytes) -> bytes:
    if len(text) > _MOST_TEXT_BYTES:
        raise InvalidRequest(
            "image", f"the text in this PNG file is longer than {_MOST_TEXT_BYTES} bytes"
        )
    return text
