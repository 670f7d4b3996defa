"""Small pictures of large ones."""

from io import BytesIO

from PIL import Image

from tintype.imaging.read import picture_from

_QUALITY = 80


def thumbnail(data: bytes, side: int) -> bytes:
    """A WebP file of a picture, upright and no longer than `side` pixels on either side.

    The first frame of an animation. A picture that is smaller stays as large as it is.

    Raises:
        InvalidRequest: this is no picture, it is torn or too large.
    """
    picture = picture_from(data)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    file = BytesIO()
    picture.save(file, "WEBP", quality=_QUALITY, method=2)
    return file.getvalue()
