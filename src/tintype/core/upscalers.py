"""The ways to enlarge a picture, by name; what they compute is in `imaging` and `recipes`."""

from collections.abc import Sequence
from dataclasses import dataclass

from tintype.core.models import UpscalerRecord
from tintype.errors import InvalidRequest, UnknownName

Size = tuple[int, int]
"""Width and height in pixels."""

LATENT_UPSCALERS: dict[str, tuple[str, bool]] = {  # torch's mode of interpolation, antialiased
    "Latent": ("bilinear", False),
    "Latent (antialiased)": ("bilinear", True),
    "Latent (bicubic)": ("bicubic", False),
    "Latent (bicubic antialiased)": ("bicubic", True),
    "Latent (nearest)": ("nearest", False),
    "Latent (nearest-exact)": ("nearest-exact", False),
}
PIXEL_UPSCALERS: tuple[str, ...] = ("None", "Lanczos", "Nearest")
"""Those that need no network; "None" leaves a picture as it is."""

MOST_TURNS = 3
"""A1111's habit: a network is asked so often at most, each time with what it answered before."""

SMALLEST_TILE = 16

_DAT = "dat"  # the folder whose files go by options of their own


@dataclass(frozen=True, slots=True)
class TileSettings:
    """In which pieces networks see a picture; A1111's options and defaults.

    Attributes:
        side: of a piece, in pixels; 0 for the whole picture at once.
        overlap: pixels that neighbours share, at least.
        dat_side: the same for networks in a folder `DAT`.
        dat_overlap: likewise.
    """

    side: int = 192
    overlap: int = 8
    dat_side: int = 192
    dat_overlap: int = 8


@dataclass(frozen=True, slots=True)
class UpscalerNetwork:
    """A network that enlarges, and in which pieces it sees a picture.

    Attributes:
        record: its file.
        tile: side of a piece, in pixels; 0 for the whole picture at once.
        overlap: pixels that neighbouring pieces share, at most half of `tile`.
    """

    record: UpscalerRecord
    tile: int = 192
    overlap: int = 8


def network_of(record: UpscalerRecord, tiles: TileSettings) -> UpscalerNetwork:
    """A network as it shall be used. Raises `InvalidRequest` for tiles that make no sense."""
    is_dat = any(part.casefold() == _DAT for part in record.path.parts[:-1])
    side, overlap = tiles.side, tiles.overlap
    if is_dat:
        side, overlap = tiles.dat_side, tiles.dat_overlap
    field = "DAT_tile" if is_dat else "ESRGAN_tile"
    if side and side < SMALLEST_TILE:
        raise InvalidRequest(field, f"{side} is neither 0 nor {SMALLEST_TILE} or more")
    if side and not 0 <= overlap <= side // 2:
        what = f"tiles of {side} pixels can overlap by {side // 2} at most, not by {overlap}"
        raise InvalidRequest(f"{field}_overlap", what)
    return UpscalerNetwork(record, side, overlap)


def upscaled_size(size: Size, scale: float) -> Size:
    """What a picture's sides are once it is made larger: multiples of 8, rounded down."""
    width, height = (max(int(side * scale) // 8 * 8, 1) for side in size)
    return width, height


def covers(size: Size, goal: Size) -> bool:
    """Whether neither side is shorter."""
    return size[0] >= goal[0] and size[1] >= goal[1]


def sizes_on_the_way(size: Size, scale: float, network_scale: int) -> list[Size]:
    """The sizes a picture has, from first to last, while a network makes it larger.

    A1111's habit: the network is asked again until both sides are long enough, three times at
    most. For a scale of 1 it is asked once, which is what networks that only mend a picture are
    for.

    Args:
        size: width and height in pixels.
        scale: factor of both sides that is wished for.
        network_scale: factor of both sides that the network has.
    """
    goal, sizes = upscaled_size(size, scale), [size]
    while len(sizes) <= MOST_TURNS and (
        not covers(sizes[-1], goal) or (scale == 1 and len(sizes) == 1)
    ):
        sizes.append((network_scale * sizes[-1][0], network_scale * sizes[-1][1]))
        if network_scale == 1:
            break
    return sizes


def find_upscaler(
    name: str, records: Sequence[UpscalerRecord] = (), *, latent: bool = True
) -> str | UpscalerRecord:
    """The upscaler of that name, in any case: the name itself, or the file of a network.

    A file is known by A1111's name for it, its stem or its whole name.

    Args:
        name: as A1111 shows it.
        records: the files there are.
        latent: those that enlarge latents may be meant too.

    Raises:
        UnknownName: there is none such.
    """
    plain = [*(LATENT_UPSCALERS if latent else ()), *PIXEL_UPSCALERS]
    wanted = name.strip().casefold()
    for known in plain:
        if wanted == known.casefold():
            return known
    for names in zip(*(record.names for record in records), strict=True):
        for known, record in zip(names, records, strict=True):
            if wanted == known.casefold():
                return record
    raise UnknownName("upscaler", name, [*plain, *(record.name for record in records)])
