from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tintype.core.jobs import Pixels
from tintype.imaging import encode_png, read_png_infotext

PIXELS = Pixels(3, 2, bytes(range(18)))
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def test_pixels() -> None:
    """The file holds the very pixels, rows first."""
    picture = Image.open(BytesIO(encode_png(PIXELS, None)))
    assert (picture.size, picture.mode) == ((3, 2), "RGB")
    assert picture.tobytes() == PIXELS.data


def test_no_infotext() -> None:
    """Without infotext there is no text in the file."""
    data = encode_png(PIXELS, None)
    assert b"parameters" not in data
    assert read_png_infotext(data) is None


@pytest.mark.parametrize(
    ("text", "chunk"), [("a café", b"tEXtparameters\0"), ("a 猫", b"iTXtparameters\0")]
)
def test_kind_of_chunk(text: str, chunk: bytes) -> None:
    """Latin-1 goes where every reader looks, anything else where Unicode is allowed."""
    data = encode_png(PIXELS, text)
    assert chunk in data
    assert Image.open(BytesIO(data)).info["parameters"] == text


@given(TEXTS)
def test_any_text_comes_back(text: str) -> None:
    """What is written is read, whatever the text."""
    assert read_png_infotext(encode_png(PIXELS, text)) == text


def test_wrong_length() -> None:
    """Pixels whose bytes do not fit their size are our own mistake."""
    with pytest.raises(ValueError, match="this is a bug"):
        encode_png(Pixels(3, 2, bytes(17)), None)
