"""Fitting a picture into a size, and making it larger without a network.

The arithmetic, with its integer divisions, is A1111's.
"""

from collections.abc import Callable
from typing import Literal

from PIL import Image

from tintype.core.upscalers import PIXEL_UPSCALERS, Size, covers, upscaled_size
from tintype.errors import UnknownName

Upscale = Callable[[Image.Image, float], Image.Image]
ResizeMode = Literal[0, 1, 2]

_FILTERS = {"Lanczos": Image.Resampling.LANCZOS, "Nearest": Image.Resampling.NEAREST}


def resized(
    image: Image.Image, width: int, height: int, mode: ResizeMode, upscale: Upscale | None = None
) -> Image.Image:
    """The picture at exactly `width` × `height` pixels.

    Args:
        image: RGB or L; modes 1 and 2 answer in RGB always.
        mode: 0 stretches, 1 covers the size and cuts off what stands out, 2 fits the picture in
            and stretches its outermost rows or columns over what is left.
        upscale: enlarges the picture by at least a factor before it is brought to size; never
            asked for L.
    """
    match mode:
        case 0:
            return _plain(image, (width, height), upscale)
        case 1:
            return _covering(image, (width, height), upscale)
        case 2:
            return _fitted(image, (width, height), upscale)


def upscaled(image: Image.Image, scale: float, upscaler: str) -> Image.Image:
    """The picture made larger without a network; "None" leaves it as it is.

    Args:
        image: of any mode.
        scale: factor of both sides; see `upscaled_size`.
        upscaler: one of `PIXEL_UPSCALERS`.

    Raises:
        UnknownName: there is no such upscaler.
    """
    if upscaler == "None":
        return image
    if upscaler not in _FILTERS:
        raise UnknownName("upscaler", upscaler, PIXEL_UPSCALERS)
    exact = (int(image.width * scale), int(image.height * scale))
    goal = upscaled_size(image.size, scale)
    if not covers(image.size, goal):
        image = image.resize(exact, _FILTERS[upscaler])
    return sharply_resized(image, goal)


def sharply_resized(image: Image.Image, size: Size) -> Image.Image:
    """The picture at that size by Lanczos; as it is where it has it already."""
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _plain(image: Image.Image, size: Size, upscale: Upscale | None) -> Image.Image:
    scale = max(size[0] / image.width, size[1] / image.height)
    if upscale is not None and scale > 1 and image.mode != "L":
        image = upscale(image, scale)
    return image.resize(size, Image.Resampling.LANCZOS)


def _covering(image: Image.Image, size: Size, upscale: Upscale | None) -> Image.Image:
    width, height = size
    is_wider = width / height > image.width / image.height
    inner = (
        width if is_wider else image.width * height // image.height,
        image.height * width // image.width if is_wider else height,
    )
    canvas = Image.new("RGB", size)
    canvas.paste(_plain(image, inner, upscale), _centred(inner, size))
    return canvas


def _fitted(image: Image.Image, size: Size, upscale: Upscale | None) -> Image.Image:
    width, height = size
    is_narrower = width / height < image.width / image.height
    inner = (
        width if is_narrower else max(image.width * height // image.height, 1),
        max(image.height * width // image.width, 1) if is_narrower else height,
    )
    middle = _plain(image, inner, upscale)
    canvas = Image.new("RGB", size)
    canvas.paste(middle, _centred(inner, size))
    _stretch_edges(canvas, middle, is_upright=is_narrower)
    return canvas


def _stretch_edges(canvas: Image.Image, middle: Image.Image, *, is_upright: bool) -> None:
    """Fill the bars above and below (left and right) with the outermost row (column)."""
    left, top = _centred(middle.size, canvas.size)
    bar = (canvas.width, top) if is_upright else (left, canvas.height)
    if not min(bar):
        return
    for is_far in (False, True):
        x, y = (0, middle.height * is_far) if is_upright else (middle.width * is_far, 0)
        edge = (x, y, middle.width, y) if is_upright else (x, y, x, middle.height)
        place = (0, (top + y) * is_far) if is_upright else ((left + x) * is_far, 0)
        canvas.paste(middle.resize(bar, box=edge), place)


def _centred(inner: Size, outer: Size) -> Size:
    return outer[0] // 2 - inner[0] // 2, outer[1] // 2 - inner[1] // 2
