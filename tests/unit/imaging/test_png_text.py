import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tintype.core.jobs import Pixels
from tintype.errors import InvalidRequest
from tintype.imaging import encode_png, read_png_infotext

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BOMB = zlib.compress(bytes(64 << 20))


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png(*chunks: bytes, side: int = 1) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"".join([SIGNATURE, header, *chunks, chunk(b"IEND", b"")])


@pytest.mark.parametrize(
    "text",
    [
        chunk(b"tEXt", b"parameters\0caf\xe9"),
        chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"caf\xe9")),
        chunk(b"iTXt", b"parameters\0\0\0en\0Parameter\0" + "café".encode()),
        chunk(b"iTXt", b"parameters\0\1\0\0\0" + zlib.compress("café".encode())),
    ],
    ids=["tEXt", "zTXt", "iTXt", "deflated iTXt"],
)
def test_every_kind_of_text(text: bytes) -> None:
    """The infotext is read from every chunk that PNG has for text, before or after the picture."""
    other = chunk(b"tEXt", b"Software\0parameters")
    assert read_png_infotext(png(other, text)) == "café"
    assert read_png_infotext(png(chunk(b"IDAT", b""), text)) == "café"


def test_other_text_only() -> None:
    """A picture without `parameters` has no infotext."""
    assert read_png_infotext(png(chunk(b"tEXt", b"postprocessing\0parameters"))) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a PNG file"),
        (b"\xff\xd8\xff JPEG", "not a PNG file"),
        (png(chunk(b"zTXt", b"parameters\0\0" + BOMB)), "longer than 1048576 bytes"),
        (png(chunk(b"iTXt", b"parameters\0\1\0\0\0" + BOMB)), "longer than 1048576 bytes"),
        (png(chunk(b"tEXt", b"parameters\0" + bytes(2 << 20))), "longer than 1048576 bytes"),
        (png(chunk(b"zTXt", b"parameters\0\0nonsense")), "torn"),
        (png(chunk(b"iTXt", b"parameters\0\0\0en")), "torn"),
        (png(chunk(b"iTXt", b"parameters\0\0\0\0\0\xff")), "not UTF-8"),
    ],
    ids=["empty", "JPEG", "zTXt bomb", "iTXt bomb", "long", "bad zlib", "short iTXt", "bad UTF-8"],
)
def test_refusals(data: bytes, message: str) -> None:
    """What is no PNG, torn, or a bomb is refused by name."""
    with pytest.raises(InvalidRequest, match=message) as refusal:
        read_png_infotext(data)
    assert refusal.value.field == "image"


def test_a_picture_too_large_to_decode() -> None:
    """No pixel is decoded, so a size of 10 billion pixels does no harm."""
    text = chunk(b"tEXt", b"parameters\0a cat")
    assert read_png_infotext(png(text, side=100_000)) == "a cat"


@given(st.data())
def test_damaged_files(data: st.DataObject) -> None:
    """A file that was cut off or hit by errors gives a text, none, or a refusal."""
    file = bytearray(encode_png(Pixels(2, 2, bytes(12)), "a 猫, Steps: 20"))
    for _ in range(data.draw(st.integers(0, 8))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidRequest):
        read_png_infotext(bytes(file[: data.draw(st.integers(0, len(file)))]))
