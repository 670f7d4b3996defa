"""The pictures of a request: which parts are to be painted, and what size suits them."""

from base64 import b64encode
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

from tintype.errors import InvalidRequest
from tintype.imaging import decoded, infotext_in, picture_from
from tintype.imaging.png import png_file
from tintype.prompt import read_infotext

if TYPE_CHECKING:
    from PIL import Image

_CELL = 8


@dataclass(frozen=True, slots=True)
class Given:
    """Pictures that were understood.

    Attributes:
        mask: a picture as base64, white where it is to be painted; None for everywhere.
        size: width and height of the first picture.
        pixels: of all pictures together.
    """

    mask: str | None
    size: tuple[int, int]
    pixels: int


def given(pictures: list[str], mask: str | None, *, heeds_holes: bool) -> Given:
    """Look at pictures. Unpacks them, so it belongs in a thread.

    Args:
        pictures: as base64.
        mask: as base64, see-through where the picture is to be painted; or None.
        heeds_holes: without a mask, see-through parts of a picture are its mask.

    Raises:
        InvalidRequest: one cannot be read, the mask does not fit, or says nothing.
    """
    opened = [picture_from(decoded(text, "image"), "image") for text in pictures]
    first = opened[0]
    level: Image.Image | None = None
    if mask is not None:
        _refuse_several(opened)
        level = _holes(picture_from(decoded(mask, "mask"), "mask"))
        _check_mask(level, first)
    elif heeds_holes and (level := _holes(first)) is not None:
        _refuse_several(opened)
    pixels = sum(picture.width * picture.height for picture in opened)
    return Given(None if level is None else _as_text(level), first.size, pixels)


def words_of(picture: str) -> tuple[str, str]:
    """Prompt and negative prompt in a picture's infotext; empty where it has none."""
    infotext, _ = infotext_in(decoded(picture, "image"))
    found = read_infotext(infotext or "")
    return found.prompt, found.negative_prompt


def fitting_size(picture: tuple[int, int], usual: tuple[int, int]) -> tuple[int, int]:
    """A size of the picture's shape with about the pixels of the usual one.

    Args:
        picture: width and height, in pixels.
        usual: what the checkpoint was trained for, in pixels.

    Returns:
        Multiples of 8, each 8 at least.
    """
    scale = sqrt(usual[0] * usual[1] / (picture[0] * picture[1]))
    width, height = (max(round(side * scale / _CELL), 1) * _CELL for side in picture)
    return width, height


def _refuse_several(pictures: "list[Image.Image]") -> None:
    if len(pictures) > 1:
        raise InvalidRequest("mask", f"expected one picture with it, got {len(pictures)}")


def _holes(picture: "Image.Image") -> "Image.Image | None":
    """White (L) as far as a picture is see-through; None where nothing is."""
    if picture.mode != "RGBA":
        return None
    from PIL import ImageChops

    level = ImageChops.invert(picture.getchannel("A"))
    return None if level.getbbox() is None else level


def _check_mask(level: "Image.Image | None", picture: "Image.Image") -> None:
    if level is None:
        what = "expected a picture that is see-through where to paint; nothing in this one is"
        raise InvalidRequest("mask", what)
    if level.size != picture.size:
        sizes = [f"{one.width}x{one.height}" for one in (picture, level)]
        raise InvalidRequest(
            "mask", f"expected the size of the picture, {sizes[0]}, not {sizes[1]}"
        )


def _as_text(level: "Image.Image") -> str:
    return b64encode(png_file(level, {})).decode("ascii")
