from contextlib import suppress
from io import BytesIO
from typing import Any

import numpy as np
import piexif as untyped_piexif  # pyright: ignore[reportMissingTypeStubs]
import piexif.helper as untyped_helper  # pyright: ignore[reportMissingTypeStubs]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tintype.errors import InvalidRequest
from tintype.imaging.files import MEDIA_TYPES, encoded, infotext_in
from tintype.imaging.png import picture_of, pixels_of, png_file

# piexif has no annotations.
piexif: Any = untyped_piexif
UserComment: Any = untyped_helper.UserComment
COMMENT = 0x9286

TEXT = "a café, 猫 😀\nNegative prompt: dog\nSteps: 4, Sampler: Euler"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), min_size=1)


def picture(mode: str = "RGB") -> Image.Image:
    levels = np.random.default_rng(0).integers(0, 256, (5, 7, len(mode)), dtype=np.uint8)
    return Image.fromarray(levels)


@pytest.mark.parametrize("kind", [*MEDIA_TYPES, "WebP"])
def test_every_kind(kind: str) -> None:
    """A picture of every kind keeps its size and gives its infotext back."""
    file = encoded(picture(), kind, TEXT)
    assert infotext_in(file) == (TEXT, {})
    with Image.open(BytesIO(file)) as read:
        assert read.size == (7, 5)
        assert Image.MIME[str(read.format)] == MEDIA_TYPES[kind.lower()]


@pytest.mark.parametrize("kind", MEDIA_TYPES)
def test_no_infotext(kind: str) -> None:
    """Without infotext there is none to read."""
    assert infotext_in(encoded(picture(), kind, None)) == (None, {})


@pytest.mark.parametrize(("kind", "mode"), [("png", "RGBA"), ("png", "RGB"), ("webp", "RGBA")])
def test_every_bit(kind: str, mode: str) -> None:
    """PNG, and WebP on request, keep every bit, transparency too."""
    original = picture(mode)
    with Image.open(BytesIO(encoded(original, kind, TEXT, webp_lossless=True))) as read:
        visible = np.asarray(original)[..., -1] > 0
        np.testing.assert_array_equal(np.asarray(read)[visible], np.asarray(original)[visible])


def test_jpeg_on_white() -> None:
    """JPEG knows no transparency: what is transparent is white."""
    file = encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "jpg", None)
    assert Image.open(BytesIO(file)).getpixel((4, 4)) == (255, 255, 255)


def test_quality() -> None:
    """More quality takes more bytes."""
    sizes = [len(encoded(picture(), "jpg", None, quality)) for quality in (20, 80, 100)]
    assert sizes == sorted(set(sizes))


@settings(max_examples=25, deadline=None)  # decoders are slow on a busy machine
@given(TEXTS)
def test_other_readers_find_the_comment(text: str) -> None:
    """The comment is where piexif looks for it, in the words piexif uses."""
    exif = piexif.load(encoded(picture(), "jpeg", text))["Exif"]
    assert UserComment.load(exif[COMMENT]) == text


@pytest.mark.parametrize("coding", ["unicode", "ascii"])
def test_comments_of_others(coding: str) -> None:
    """A comment that piexif wrote, as A1111 does, is read in each of its codings."""
    comment = UserComment.dump("a cat, Steps: 4", encoding=coding)
    block = piexif.dump({"Exif": {COMMENT: comment}})
    file = BytesIO()
    picture().save(file, "JPEG", exif=block)
    assert infotext_in(file.getvalue())[0] == "a cat, Steps: 4"


def test_low_bytes_first() -> None:
    """UTF-16 the other way round is recognised by its zeros."""
    block = piexif.dump({"Exif": {COMMENT: b"UNICODE\0" + "a cat".encode("utf-16-le")}})
    file = BytesIO()
    picture().save(file, "WEBP", exif=block)
    assert infotext_in(file.getvalue())[0] == "a cat"


def test_exif_before_parameters() -> None:
    """In a PNG file with both, EXIF is believed; other texts are handed out as they are."""
    block = piexif.dump({"Exif": {COMMENT: UserComment.dump("b", "unicode")}})
    notes = PngInfo()
    notes.add_text("parameters", "a")
    notes.add_text("postprocessing", "c")
    file = BytesIO()
    picture().save(file, "PNG", pnginfo=notes, exif=block)
    assert infotext_in(file.getvalue()) == ("b", {"postprocessing": "c"})


def test_gif_comment() -> None:
    """A GIF file keeps its infotext in its comment."""
    file = BytesIO()
    picture().convert("P").save(file, "GIF", comment="a cat, 猫".encode())
    assert infotext_in(file.getvalue())[0] == "a cat, 猫"


def test_novelai() -> None:
    """The notes of NovelAI become infotext, with what it does silently."""
    texts = {
        "Software": "NovelAI",
        "Description": "a cat",
        "Comment": '{"steps": 28, "sampler": "k_dpmpp_2m", "seed": 5, "scale": 11.0, "uc": "dog"}',
    }
    assert infotext_in(png_file(picture(), texts))[0] == (
        "a cat\nNegative prompt: dog\nSteps: 28, Sampler: DPM++ 2M, CFG scale: 11.0, Seed: 5, "
        "Size: 7x5, Clip skip: 2, ENSD: 31337"
    )
    assert infotext_in(png_file(picture(), {**texts, "Comment": "[[["}))[0] is None


def test_long_text_in_a_jpeg() -> None:
    """A JPEG file has room for 32 000 characters; the rest is cut off rather than the picture."""
    assert infotext_in(encoded(picture(), "jpg", "猫" * 40_000))[0] == "猫" * 32_000


@pytest.mark.parametrize(
    ("size", "kind", "message"),
    [((1, 1), "bmp", "expected one of png"), ((16_384, 1), "webp", "up to 16383 pixels")],
)
def test_refusals(size: tuple[int, int], kind: str, message: str) -> None:
    """Unknown kinds, and pictures too long for theirs, are refused."""
    with pytest.raises(InvalidRequest, match=message):
        encoded(Image.new("RGB", size), kind, None)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_pixels_there_and_back(mode: str) -> None:
    """A picture crosses processes unchanged."""
    assert picture_of(pixels_of(picture(mode))).tobytes() == picture(mode).tobytes()
    assert picture_of(pixels_of(picture(mode))).mode == mode


@pytest.mark.parametrize("kind", ["jpg", "webp", "avif"])
@settings(max_examples=25, deadline=None)  # decoders are slow on a busy machine
@given(data=st.data())
def test_damaged_files(kind: str, data: st.DataObject) -> None:
    """A file hit by errors gives a text, none, or a refusal."""
    file = bytearray(encoded(picture(), kind, "a 猫, Steps: 20"))
    for _ in range(data.draw(st.integers(1, 8))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidRequest):
        infotext_in(bytes(file[: data.draw(st.integers(0, len(file)))]))


def test_exif_that_ends_at_once() -> None:
    """Notes that are cut off are none; Pillow's word of warning about them harms nobody."""
    file = BytesIO()
    picture().convert("RGB").save(file, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08")
    assert infotext_in(file.getvalue()) == (None, {})
