"""Pictures to files of every kind, and the text in files of every kind."""

from collections.abc import Mapping
from io import BytesIO

from PIL import Image, features

from tintype.errors import EngineError, InvalidRequest
from tintype.imaging.exif import comment_in, exif_with_comment, parsed_exif
from tintype.imaging.novelai import infotext_of_novelai
from tintype.imaging.png import FAST_LEVEL, png_file
from tintype.imaging.png_text import read_png_exif, read_png_texts
from tintype.imaging.read import MOST_PIXELS, TORN, flattened, opened

MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
}
"""The kinds that can be written, by the names of A1111's option `samples_format`."""

_PILLOW_NAMES = {"jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP", "avif": "AVIF"}
_LONGEST_SIDES = {"JPEG": 65_500, "WEBP": 16_383, "AVIF": 65_535}
_MOST_JPEG_TEXT = 32_000  # characters: all EXIF of a JPEG file shares one segment of 64 KiB
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def encoded(
    image: Image.Image,
    kind: str,
    infotext: str | None,
    quality: int = 80,
    *,
    webp_lossless: bool = False,
    texts: Mapping[str, str] | None = None,
    png_level: int = FAST_LEVEL,
) -> bytes:
    """A picture as a file, with its infotext where A1111 keeps it for that kind.

    Args:
        image: RGB or RGBA; for JPEG, what is transparent becomes white.
        kind: "png", "jpg", "jpeg", "webp" or "avif", in any case.
        infotext: the PNG text `parameters`, or EXIF's UserComment; JPEG has room for 32 000
            characters, the rest is cut off. None for none.
        quality: 1 … 100, for all but PNG.
        webp_lossless: keep every bit, if the kind is WebP.
        texts: more texts by keyword, for PNG; others have no place for them.
        png_level: see `png_file`.

    Raises:
        InvalidRequest: there is no such kind, it is not built in here, or the picture is longer
            than it allows.
    """
    kind = kind.lower()
    if kind == "png":
        mine = {} if infotext is None else {"parameters": infotext}
        return png_file(image, {**(texts or {}), **mine}, png_level)
    name = _pillow_name(kind)
    if max(image.size) > _LONGEST_SIDES[name]:
        longest = _LONGEST_SIDES[name]
        raise InvalidRequest("format", f"a side of a {kind} picture has up to {longest} pixels")
    if name == "JPEG":
        image, infotext = flattened(image), infotext and infotext[:_MOST_JPEG_TEXT]
    exif = b"" if infotext is None else exif_with_comment(infotext)
    return _saved(image, name, exif, quality, lossless=webp_lossless)


def infotext_in(data: bytes) -> tuple[str | None, dict[str, str]]:
    """The infotext of a picture file, and all other text it carries.

    EXIF's UserComment comes before the PNG text `parameters`, and that before the comment of a GIF
    file. No pixel is unpacked.

    Raises:
        InvalidRequest: this is no picture, it is torn, or its text is longer than 1 MiB.
    """
    if data.startswith(_PNG_SIGNATURE):
        return _text_of_png(data)
    picture = opened(data, "image", max_pixels=MOST_PIXELS)
    try:
        infotext = comment_in(picture.getexif())
        comment: object = picture.info.get("comment")
    except TORN as error:
        raise InvalidRequest("image", "the text in this picture is torn") from error
    if infotext is None and isinstance(comment, bytes):
        return comment.decode("utf-8", errors="replace"), {}
    return infotext, {}


def _text_of_png(data: bytes) -> tuple[str | None, dict[str, str]]:
    texts = read_png_texts(data)
    infotext = texts.pop("parameters", None)
    block = read_png_exif(data)
    if block is not None:
        infotext = comment_in(parsed_exif(block)) or infotext
    return infotext_of_novelai(data, texts) or infotext, texts


def _pillow_name(kind: str) -> str:
    name = _PILLOW_NAMES.get(kind)
    if name is None:
        raise InvalidRequest("format", f"expected one of {', '.join(MEDIA_TYPES)}, got {kind!r}")
    if name != "JPEG" and not features.check(name.lower()):
        raise InvalidRequest("format", f"this build of Pillow writes no {name}; png always works")
    return name


def _saved(image: Image.Image, name: str, exif: bytes, quality: int, *, lossless: bool) -> bytes:
    file = BytesIO()
    try:
        if name == "WEBP":
            image.save(file, name, quality=quality, lossless=lossless, exif=exif)
        else:
            image.save(file, name, quality=quality, exif=exif)
    except (OSError, ValueError) as error:
        raise EngineError(f"a {name} file could not be written: {error}") from error
    return file.getvalue()
