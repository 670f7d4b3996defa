from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tintype.core.mask_settings import MaskSettings
from tintype.imaging.colour import matched_colours, matched_histograms, with_luma_of
from tintype.imaging.inpaint import prepare_inpaint
from tintype.imaging.lab import lab_from_rgb, rgb_from_lab
from tintype.imaging.masks import composited

GOLDEN = Path(__file__).parents[2] / "golden" / "a1111"


def golden(name: str) -> Image.Image:
    folder = "inputs" if (GOLDEN / "inputs" / f"{name}.png").exists() else "images"
    return Image.open(GOLDEN / folder / f"{name}.png")


@pytest.fixture(scope="module")
def colours() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Every fifth level of each channel, from the darkest to the lightest."""
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    return np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, len(levels), 3)


def test_lab(colours: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> None:
    """LAB and back equal OpenCV's bytes."""
    np.testing.assert_array_equal(lab_from_rgb(colours), cv2.cvtColor(colours, cv2.COLOR_RGB2LAB))
    np.testing.assert_array_equal(rgb_from_lab(colours), cv2.cvtColor(colours, cv2.COLOR_LAB2RGB))


def test_histograms() -> None:
    """A channel gets the target's values in its own order."""
    source = np.array([[[0], [1]], [[2], [3]]], np.uint8)
    target = np.array([[[50], [10]], [[200], [90]]], np.uint8)
    assert matched_histograms(source, target).ravel().tolist() == [10, 50, 90, 200]


def test_luma_is_kept() -> None:
    """The blend has the luma of the light, and every channel inside 0 … 1."""
    random = np.random.default_rng(0)
    colours, light = random.random((2, 20, 20, 3))
    blended = with_luma_of(colours, light)
    luma = np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(blended @ luma, light @ luma, atol=1e-9)
    assert blended.min() > -1e-6
    assert blended.max() < 1 + 1e-6


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_black_and_white_stay(level: float) -> None:
    """The darkest and the lightest grey survive without a division by nothing."""
    grey = np.full((1, 1, 3), level)
    np.testing.assert_allclose(with_luma_of(np.full((1, 1, 3), 0.5), grey), grey, atol=1e-6)


def test_recorded() -> None:
    """Corrected colours equal A1111's, byte for byte."""
    corrected = matched_colours(golden("img2img-sampler-euler-0"), golden("photo"))
    np.testing.assert_array_equal(corrected, golden("img2img-color-correction-0"))


def test_recorded_inpainting() -> None:
    """Colours are corrected under the overlay, as in A1111's picture."""
    prepared = prepare_inpaint(golden("photo"), golden("mask"), MaskSettings(), (64, 64))
    assert prepared.masking is not None
    corrected = matched_colours(golden("inpaint-no-overlay-0"), prepared.picture)
    result = composited(corrected, prepared.masking.overlay)
    np.testing.assert_array_equal(result, golden("inpaint-color-correction-0"))
