import pytest

from tintype.core.requests import HiresRequest, HiresSize
from tintype.planning.sizes import hires_size


@pytest.mark.parametrize(
    ("first", "asked", "expected"),
    [
        ((512, 512), {"scale": 2.0}, (1024, 1024, 0, 0)),
        ((520, 512), {"scale": 1.15}, (598, 588, 0, 0)),  # 588.8 is cut off
        ((512, 768), {"width": 1024}, (1024, 1536, 0, 0)),
        ((512, 768), {"height": 1000}, (666, 1000, 0, 0)),
        ((512, 512), {"width": 1024, "height": 768}, (1024, 1024, 0, 32)),
        ((512, 512), {"width": 768, "height": 1024}, (1024, 1024, 32, 0)),
        ((512, 768), {"width": 1024, "height": 1024}, (1024, 1536, 0, 64)),
        ((768, 512), {"width": 1024, "height": 1024}, (1536, 1024, 64, 0)),
        ((64, 64), {"width": 96, "height": 160}, (160, 160, 8, 0)),
        ((512, 768), {"width": 1024, "height": 1536}, (1024, 1536, 0, 0)),
    ],
)
def test_sizes(
    first: tuple[int, int], asked: dict[str, float], expected: tuple[int, int, int, int]
) -> None:
    """Scaled, or to one side in proportion, or to cover both with what is over cut off in cells."""
    size = hires_size(*first, HiresRequest(0.5, **asked))  # type: ignore[arg-type]
    assert (size.width, size.height, size.cut_columns, size.cut_rows) == expected


@pytest.mark.parametrize(
    ("hires", "asked"),
    [
        (HiresRequest(0.5, scale=1.5), ("Hires upscale", 1.5)),
        (HiresRequest(0.5, width=96), ("Hires resize", "96x0")),
        (HiresRequest(0.5, scale=1.5, width=96, height=160), ("Hires resize", "96x160")),
    ],
)
def test_as_infotext_says_it(hires: HiresRequest, asked: tuple[str, float | str]) -> None:
    """A size that is asked for wins over the scale, and is told as it was asked for."""
    size: HiresSize = hires_size(64, 64, hires)
    assert size.asked == asked
