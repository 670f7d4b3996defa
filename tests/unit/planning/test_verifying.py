"""How near a picture is to its remake."""

import numpy as np
import pytest
from PIL import Image

from tintype.core.jobs import Pixels
from tintype.planning.verifying import compared


def test_how_far_apart() -> None:
    """The largest and the mean difference, and the share of pixels beyond rounding."""
    picture = Image.new("RGB", (4, 2), (10, 10, 10))
    pixels = np.full((2, 4, 3), 10, np.uint8)
    pixels[0, 0], pixels[0, 1] = (10, 11, 10), (10, 10, 20)
    verdict = compared(picture, Pixels(4, 2, pixels.tobytes()), ("why",))
    assert (verdict.highest, verdict.share, verdict.is_same) == (10, 1 / 8, False)
    assert verdict.mean == pytest.approx(11 / 24)
    assert verdict.reasons == ("why",)


def test_rounding_is_no_difference() -> None:
    """One level of 255 is what processors differ by."""
    picture = Image.new("RGB", (1, 1), (10, 10, 10))
    assert compared(picture, Pixels(1, 1, bytes((11, 10, 9))), ()).is_same


def test_other_sizes() -> None:
    """Pictures of two sizes cannot be compared, and the sizes are the reason."""
    verdict = compared(Image.new("RGB", (2, 1)), Pixels(1, 1, bytes(3)), ())
    assert not verdict.is_same
    assert "2 × 1" in verdict.reasons[0]
