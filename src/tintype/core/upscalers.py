"""The ways to enlarge a picture, by name; what they compute is in `imaging` and `recipes`."""

from tintype.errors import UnknownName

LATENT_UPSCALERS: dict[str, tuple[str, bool]] = {  # torch's mode of interpolation, antialiased
    "Latent": ("bilinear", False),
    "Latent (antialiased)": ("bilinear", True),
    "Latent (bicubic)": ("bicubic", False),
    "Latent (bicubic antialiased)": ("bicubic", True),
    "Latent (nearest)": ("nearest", False),
    "Latent (nearest-exact)": ("nearest-exact", False),
}
PIXEL_UPSCALERS: tuple[str, ...] = ("None", "Lanczos", "Nearest")


def find_upscaler(name: str, *, latent: bool = True) -> str:
    """The upscaler of that name, in any case. Raises `UnknownName`.

    Args:
        name: as A1111 shows it.
        latent: those that enlarge latents may be meant too.
    """
    names = [*(LATENT_UPSCALERS if latent else ()), *PIXEL_UPSCALERS]
    for known in names:
        if name.strip().casefold() == known.casefold():
            return known
    raise UnknownName("upscaler", name, names)
