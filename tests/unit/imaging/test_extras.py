from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tintype.core.enlarging import ExtrasSettings
from tintype.imaging.extras import extras, extras_note

GOLDEN = Path(__file__).parents[2] / "golden" / "a1111"
TWO = ExtrasSettings(
    scale=1.5, upscaler="Lanczos", second_upscaler="Nearest", second_visibility=0.5
)
TO_SIZE = ExtrasSettings(1, width=100, height=100, crops=False, upscaler="Lanczos")


@pytest.mark.parametrize(
    ("case", "source", "settings"),
    [
        ("lanczos", "photo", ExtrasSettings(upscaler="Lanczos")),
        ("none", "photo", ExtrasSettings()),
        ("two", "photo", TWO),
        ("to-size-no-crop", "wide", TO_SIZE),
    ],
)
def test_recorded(case: str, source: str, settings: ExtrasSettings) -> None:
    """Picture and text equal A1111's."""
    picture = extras(Image.open(GOLDEN / "inputs" / f"{source}.png"), settings)
    expected = Image.open(GOLDEN / "images" / f"extras-{case}-0.png")
    np.testing.assert_array_equal(picture, expected)
    assert extras_note(settings) == expected.info["postprocessing"]


def test_crop() -> None:
    """What stands out of the size asked for is cut off around the middle."""
    wide = Image.open(GOLDEN / "inputs" / "wide.png")
    crops = replace(TO_SIZE, crops=True)
    whole, picture = extras(wide, TO_SIZE), extras(wide, crops)
    assert picture.size == (100, 100)
    assert picture.crop((0, 2, 100, 98)).tobytes() == whole.crop((10, 0, 110, 96)).tobytes()
    assert "Postprocess crop to: 100x100" in extras_note(crops)
