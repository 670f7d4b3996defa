"""Textual inversions in pictures, and what is none."""

import base64
import json
import struct
import zlib
from pathlib import Path
from random import Random

import pytest
from PIL import Image, PngImagePlugin

from tintype.errors import ModelError
from tintype.tensorfiles import Written, open_inversion

ROWS = [[0.5, -1.0, 2.0], [3.0, 4.0, 5.5]]
CONTENT = {"name": "my-word", "step": 7, "string_to_param": {"*": {"TENSOR": ROWS}}}


def encoded(content: object) -> str:
    return base64.b64encode(json.dumps(content).encode()).decode()


def picture(path: Path, text: str, *, packed: bool = False, international: bool = False) -> Path:
    info = PngImagePlugin.PngInfo()
    if international:
        info.add_itxt("sd-ti-embedding", text, zip=packed)
    else:
        info.add_text("sd-ti-embedding", text, zip=packed)
    Image.new("RGB", (8, 8)).save(path, pnginfo=info)
    return path


def complaint(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        open_inversion(path)
    return str(caught.value)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("international", [False, True])
def test_in_the_text_of_a_picture(tmp_path: Path, *, packed: bool, international: bool) -> None:
    """A picture's text holds the vectors and their name, however PNG keeps it."""
    text = encoded(CONTENT)
    path = picture(tmp_path / "a.png", text, packed=packed, international=international)
    found = open_inversion(path)
    assert found.name == "my-word"
    assert found.shapes == {"text": (2, 3)}
    (table,) = found.tables.values()
    assert isinstance(table, Written)
    assert table.numbers == tuple(ROWS[0] + ROWS[1])


def test_a_single_row(tmp_path: Path) -> None:
    """One vector may lie flat, and be written without a mapping around it."""
    text = encoded({"string_to_param": {"*": ROWS[0]}})
    found = open_inversion(picture(tmp_path / "a.png", text))
    assert (found.name, found.shapes) == (None, {"text": (1, 3)})


def test_plain_pictures(tmp_path: Path) -> None:
    """A picture without the text is none, and says what to use instead."""
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert "hidden in its pixels" in complaint(tmp_path / "a.png")


@pytest.mark.parametrize(
    "text",
    [
        "%%%",
        base64.b64encode(b"\xff").decode(),
        base64.b64encode(b"[" * 10**5).decode(),
        encoded([]),
        encoded({}),
        encoded({"string_to_param": {}}),
        encoded({"string_to_param": {"*": []}}),
        encoded({"string_to_param": {"*": [[1.0], [1.0, 2.0]]}}),
        encoded({"string_to_param": {"*": [["a"]]}}),
        encoded({"string_to_param": {"*": [[10**400]]}}),
        encoded({"string_to_param": {"*": [[[1.0]]]}}),
        encoded({"string_to_param": {"*": ROWS, "+": ROWS}}),
    ],
)
def test_nonsense_in_the_text(tmp_path: Path, text: str) -> None:
    """Text that holds no rows of numbers is refused."""
    assert "textual inversion" in complaint(picture(tmp_path / "a.png", text))


def test_text_that_grows(tmp_path: Path) -> None:
    """Packed text is not unpacked beyond all measure."""
    data = b"sd-ti-embedding\0\0" + zlib.compress(bytes(200 * 2**20), 9)
    chunk = struct.pack(">I", len(data)) + b"zTXt" + data + bytes(4)
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
    assert "spoilt" in complaint(tmp_path / "a.png")


def test_any_mutation(tmp_path: Path) -> None:
    """However a picture is spoilt, it is read or refused."""
    path = picture(tmp_path / "a.png", encoded(CONTENT), packed=True)
    original, random = path.read_bytes(), Random(5)
    for _ in range(500):
        spoilt = bytearray(original)
        spoilt[random.randrange(len(spoilt))] = random.randrange(256)
        path.write_bytes(
            spoilt[: random.randrange(len(spoilt))] if random.random() < 0.1 else spoilt
        )
        try:
            open_inversion(path)
        except ModelError:
            continue
