"""Infotext in EXIF, where JPEG, WebP and AVIF files keep it: `UserComment` of the EXIF directory.

The comment begins with eight bytes that name its coding. A1111 writes UNICODE and then UTF-16, high
bytes first; other programs put low bytes first, so reading looks where the zeros are.
Source: CIPA DC-008 (Exif 3.0), section 4.6.5.
"""

import struct

from PIL import Image

from tintype.imaging.read import TORN

_EXIF_DIRECTORY = 0x8769
_USER_COMMENT = 0x9286
_LONG, _UNDEFINED = 4, 7
_HEAD_BYTES = 8
_DIRECTORY = ">HHHIII"  # one entry (tag, type, count, value or its place), then no next directory
_DIRECTORY_BYTES = struct.calcsize(_DIRECTORY)
_UNICODE = b"UNICODE\0"
_CODINGS = {b"ASCII\0\0\0": "latin-1", b"JIS\0\0\0\0\0": "iso2022_jp", bytes(8): "utf-8"}
_MOST_COMMENT_BYTES = 1 << 20


def exif_with_comment(text: str) -> bytes:
    """An EXIF block that holds a text and nothing else.

    Pillow would note the comment as BYTE where the standard wants UNDEFINED, and readers that take
    the standard at its word would not find it; so the block is written here.
    """
    comment = _UNICODE + text.encode("utf-16-be", errors="replace")
    head = struct.pack(">2sHI", b"MM", 42, _HEAD_BYTES)
    directory = struct.pack(
        _DIRECTORY, 1, _EXIF_DIRECTORY, _LONG, 1, _HEAD_BYTES + _DIRECTORY_BYTES, 0
    )
    text_starts = _HEAD_BYTES + 2 * _DIRECTORY_BYTES
    note = struct.pack(_DIRECTORY, 1, _USER_COMMENT, _UNDEFINED, len(comment), text_starts, 0)
    return b"Exif\0\0" + head + directory + note + comment


def comment_in(exif: Image.Exif) -> str | None:
    """The text in an EXIF block, or None if there is none, or none that can be read."""
    try:
        comment: object = exif.get_ifd(_EXIF_DIRECTORY).get(_USER_COMMENT)
    except TORN:
        return None
    if isinstance(comment, str):
        return comment or None
    if not isinstance(comment, bytes) or len(comment) > _MOST_COMMENT_BYTES:
        return None
    return _text(comment[:8], comment[8:])


def parsed_exif(block: bytes) -> Image.Exif:
    """An EXIF block as bytes, read; one that is torn counts as empty."""
    exif = Image.Exif()
    try:
        exif.load(block)
    except TORN:
        return Image.Exif()
    return exif


def _text(coding: bytes, body: bytes) -> str | None:
    if coding == _UNICODE:
        low_first = body[1::2].count(0) > body[0::2].count(0)
        text = body.decode("utf-16-le" if low_first else "utf-16-be", errors="replace")
    else:
        text = body.decode(_CODINGS.get(coding, "utf-8"), errors="replace")
    return text.strip("\0\ufeff") or None
