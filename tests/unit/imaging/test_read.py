import struct
from base64 import b64encode, urlsafe_b64encode
from contextlib import suppress
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tintype.errors import InvalidRequest
from tintype.imaging.png_text import read_png_texts
from tintype.imaging.read import decoded, flattened, picture_from

DATA = bytes(range(256))


def file_of(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def corners() -> Image.Image:
    """3 × 2 pixels, all different."""
    levels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 10
    return Image.fromarray(levels)


@pytest.mark.parametrize(
    "text",
    [
        b64encode(DATA).decode(),
        urlsafe_b64encode(DATA).decode().rstrip("="),
        "data:image/png;base64," + b64encode(DATA).decode(),
        " \n" + "\r\n".join(b64encode(DATA).decode()[i : i + 76] for i in range(0, 344, 76)),
    ],
    ids=["plain", "URL alphabet without padding", "data URI", "in lines"],
)
def test_base64(text: str) -> None:
    """The bytes come out however base64 was written."""
    assert decoded(text, "mask") == DATA


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("http://127.0.0.1/x.png", "not fetched"),
        ("HTTPS://example.org/x.png", "not fetched"),
        ("", "empty"),
        ("data:image/png;base64,", "empty"),
        ("%%%", "base64"),
        ("猫", "base64"),
        ("abcde", "base64"),
    ],
)
def test_no_base64(text: str, message: str) -> None:
    """An address is never fetched, and anything else is refused by the name of its field."""
    with pytest.raises(InvalidRequest, match=message) as refusal:
        decoded(text, "mask")
    assert refusal.value.field == "mask"


LEVELS = np.asarray(corners())
TURNED = {
    1: LEVELS,
    2: LEVELS[:, ::-1],
    3: LEVELS[::-1, ::-1],
    4: LEVELS[::-1],
    5: LEVELS.transpose(1, 0, 2),
    6: np.rot90(LEVELS, -1),
    7: LEVELS[::-1, ::-1].transpose(1, 0, 2),
    8: np.rot90(LEVELS, 1),
}


@pytest.mark.parametrize("orientation", TURNED)
def test_orientation(orientation: int) -> None:
    """A picture taken with a tilted camera stands upright, whichever way it was tilted."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = picture_from(file_of(corners(), "PNG", exif=exif))
    np.testing.assert_array_equal(np.asarray(upright), TURNED[orientation])


@pytest.mark.parametrize(
    ("image", "mode", "pixel"),
    [
        (Image.new("L", (1, 1), 7), "RGB", (7, 7, 7)),
        (Image.new("1", (1, 1), 1), "RGB", (255, 255, 255)),
        (Image.new("LA", (1, 1), (7, 9)), "RGBA", (7, 7, 7, 9)),
        (Image.new("RGBA", (1, 1), (1, 2, 3, 255)), "RGBA", (1, 2, 3, 255)),
        (Image.fromarray(np.full((1, 1), 0x1234, np.uint16)), "RGB", (0x12, 0x12, 0x12)),
    ],
    ids=["grey", "one bit", "grey and alpha", "alpha", "16 bits"],
)
def test_modes(image: Image.Image, mode: str, pixel: tuple[int, ...]) -> None:
    """Whatever a file holds, RGB comes out, or RGBA if it can be transparent."""
    picture = picture_from(file_of(image, "PNG"))
    assert (picture.mode, picture.getpixel((0, 0))) == (mode, pixel)


def test_first_frame() -> None:
    """Of an animation the first frame counts."""
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("#ff0000", "#00ff00")]
    file = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert picture_from(file).getpixel((0, 0)) == (255, 0, 0)


def test_transparent_parts_get_the_background() -> None:
    """What shines through half is half the background."""
    picture = Image.new("RGBA", (1, 1), (255, 0, 0, 128))
    assert flattened(picture, "#0000ff").getpixel((0, 0)) == (128, 0, 127)
    assert flattened(Image.new("RGB", (1, 1), (1, 2, 3))).getpixel((0, 0)) == (1, 2, 3)


def test_too_many_pixels() -> None:
    """A picture is measured before it is unpacked, even if it claims ten billion pixels."""
    file = file_of(corners(), "PNG")
    bomb = file[:16] + struct.pack(">II", 100_000, 100_000) + file[24:]
    with pytest.raises(InvalidRequest, match="up to 5 pixels, not 3×2"):
        picture_from(file, max_pixels=5)
    with pytest.raises(InvalidRequest):
        picture_from(bomb)


def test_foreign_files() -> None:
    """Text, PostScript (which would run a program) and nothing at all are no pictures."""
    for data in (b"", b"hello", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"):
        with pytest.raises(InvalidRequest, match="no picture"):
            picture_from(data, "init_images")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
@settings(max_examples=25, deadline=None)  # decoders are slow on a busy machine
@given(data=st.data())
def test_damaged_files(kind: str, data: st.DataObject) -> None:
    """A file that was cut off or hit by errors gives a picture or a refusal, nothing else."""
    file = bytearray(file_of(corners(), kind))
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidRequest):
        picture_from(bytes(file[: data.draw(st.integers(0, len(file)))]), max_pixels=10_000)


def test_texts_of_a_png() -> None:
    """All texts are found by keyword."""
    notes = PngInfo()
    notes.add_text("a", "1")
    notes.add_text("b", "猫")
    assert read_png_texts(file_of(corners(), "PNG", pnginfo=notes)) == {"a": "1", "b": "猫"}
