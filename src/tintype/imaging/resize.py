"""Fitting a picture into a size, and making it larger without a network.

The arithmetic, with its integer divisions, is A1111's.
"""

from collections.abc import Callable
from typing import Literal

from PIL import Image

from tintype.core.upscalers import find_upscaler

Size = tuple[int, int]
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
    """The picture made larger by one of `core.upscalers`; "None" leaves it as it is.

    Both sides of the result are multiples of 8, rounded down.

    Raises:
        UnknownName: there is no such upscaler.
    """
    upscaler = find_upscaler(upscaler, latent=False)
    if upscaler == "None":
        return image
    exact = (int(image.width * scale), int(image.height * scale))
    goal = (max(exact[0] // 8 * 8, 1), max(exact[1] // 8 * 8, 1))
    if image.width < goal[0] or image.height < goal[1]:
        image = image.resize(exact, _FILTERS[upscaler])
    return _lanczos(image, goal)


def _lanczos(image: Image.Image, size: Size) -> Image.Image:
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
