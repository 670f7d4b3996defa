"""The arithmetic of a hires pass."""

from tintype.core.requests import HiresRequest, HiresSize


def hires_size(width: int, height: int, hires: HiresRequest) -> HiresSize:
    """What a first pass of `width` × `height` becomes, rounded as A1111 rounds."""
    x, y = hires.width, hires.height
    if x == 0 and y == 0:
        scaled = int(width * hires.scale), int(height * hires.scale)
        return HiresSize(*scaled, 0, 0, ("Hires upscale", hires.scale))
    asked = ("Hires resize", f"{x}x{y}")
    if y == 0:
        return HiresSize(x, x * height // width, 0, 0, asked)
    if x == 0:
        return HiresSize(y * width // height, y, 0, 0, asked)
    is_narrower = width / height < x / y
    larger = (x, x * height // width) if is_narrower else (y * width // height, y)
    return HiresSize(*larger, (larger[0] - x) // 8, (larger[1] - y) // 8, asked)
