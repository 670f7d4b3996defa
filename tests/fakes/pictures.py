"""Small pictures as files, for img2img."""

from base64 import b64decode, b64encode
from io import BytesIO

from PIL import Image

Colour = tuple[int, ...]


def picture_file(
    colour: Colour = (200, 100, 50), size: tuple[int, int] = (64, 64), kind: str = "PNG"
) -> bytes:
    """A picture of one colour; four numbers make it RGBA."""
    mode = "RGBA" if len(colour) == 4 else "RGB"
    return _file(Image.new(mode, size, colour), kind)


def half_mask_file(size: tuple[int, int] = (64, 64)) -> bytes:
    """A mask whose left half is white: to be repainted."""
    mask = Image.new("L", size, 0)
    mask.paste(255, (0, 0, size[0] // 2, size[1]))
    return _file(mask, "PNG")


def striped_file(size: tuple[int, int] = (64, 64)) -> bytes:
    """A picture that differs from left to right."""
    ramp = Image.linear_gradient("L").rotate(90).resize(size)
    return _file(Image.merge("RGB", (ramp, Image.eval(ramp, lambda v: 255 - v), ramp)), "PNG")


def as_text(file: bytes) -> str:
    """A file in base64, as the API takes it."""
    return b64encode(file).decode("ascii")


def opened(text: str) -> Image.Image:
    """The picture in a text as the API gives it."""
    return Image.open(BytesIO(b64decode(text)))


def _file(picture: Image.Image, kind: str) -> bytes:
    file = BytesIO()
    picture.save(file, kind)
    return file.getvalue()
