"""Pictures as they come from outside: base64, files of many kinds, turned on their side."""

import binascii
import struct
import zlib
from base64 import b64decode
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from tintype.errors import InvalidRequest

MOST_PIXELS = 1 << 26
"""8192 × 8192: more than any network is given, and 200 MB unpacked."""

FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
"""What is read; among the others are some that run a foreign program."""

# What Pillow's readers raise on torn and hostile files, besides what it means to raise.
TORN = (
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ALPHABETS = str.maketrans("-_", "+/")


def decoded(text: str, field: str) -> bytes:
    """The file in a base64 text or data URI; white space, the URL alphabet and missing padding
    are all welcome.

    Raises:
        InvalidRequest: this is no base64, nothing at all, or an address: nothing is ever fetched.
    """
    text = text.strip()
    if text[:8].lower().startswith(("http://", "https://")):
        raise InvalidRequest(field, "pictures are not fetched from addresses; send base64")
    if text[:5].lower() == "data:":
        text = text.partition(",")[2]
    packed = "".join(text.split()).translate(_ALPHABETS).rstrip("=")
    if not packed:
        raise InvalidRequest(field, "expected a picture as base64, got an empty text")
    try:
        return b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest(field, "expected a picture as base64, which this is not") from error


def picture_from(
    data: bytes, field: str = "image", *, max_pixels: int = MOST_PIXELS
) -> Image.Image:
    """The picture in a file, upright: RGBA if anything in it is transparent, RGB otherwise.

    The first frame of an animation; 16 bits a channel are cut to 8.

    Args:
        data: a PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF file.
        field: what an error calls it.
        max_pixels: width × height above which nothing is unpacked.

    Raises:
        InvalidRequest: the file is none of these, torn, or too large.
    """
    picture = opened(data, field, max_pixels=max_pixels)
    try:
        picture.load()
        return _in_colour(_upright(picture))
    except TORN as error:
        raise InvalidRequest(field, "this picture is torn: it cannot be unpacked") from error


def opened(data: bytes, field: str, *, max_pixels: int = MOST_PIXELS) -> Image.Image:
    """The file with its head read and its size checked, but no pixel unpacked.

    Raises:
        InvalidRequest: as `picture_from`.
    """
    try:
        picture = Image.open(BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidRequest(field, _too_large(max_pixels)) from error
    except UnidentifiedImageError as error:
        raise InvalidRequest(field, f"this is no picture: expected {', '.join(FORMATS)}") from error
    except TORN as error:
        raise InvalidRequest(field, "this picture is torn: its head cannot be read") from error
    if picture.width * picture.height > max_pixels:
        raise InvalidRequest(
            field, f"{_too_large(max_pixels)}, not {picture.width}×{picture.height}"
        )
    return picture


def flattened(image: Image.Image, background: str = "#ffffff") -> Image.Image:
    """The picture in RGB, with `background` (as in CSS) behind what is transparent."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    canvas = Image.new("RGBA", image.size, background)
    canvas.alpha_composite(image)
    return canvas.convert("RGB")


def _too_large(max_pixels: int) -> str:
    return f"a picture may have up to {max_pixels} pixels"


def _upright(picture: Image.Image) -> Image.Image:
    turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
    return picture if turn is None else picture.transpose(turn)


def _in_colour(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):
        picture = Image.fromarray((np.asarray(picture) >> 8).clip(0, 255).astype(np.uint8))
    return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
