from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tintype.core.mask_settings import MaskSettings
from tintype.imaging.inpaint import Masking, prepare_inpaint
from tintype.imaging.masks import (
    blurred,
    composited,
    crop_box,
    filled,
    inverted,
    latent_mask,
    mask_composite,
    mask_for_overlay,
    mask_from,
    mask_picture,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "a1111"
SIZE = (64, 64)


def golden(name: str) -> Image.Image:
    folder = "inputs" if (GOLDEN / "inputs" / f"{name}.png").exists() else "images"
    return Image.open(GOLDEN / folder / f"{name}.png")


def same(one: Image.Image, other: Image.Image) -> None:
    assert one.mode == other.mode
    np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def masked(name: str, mask: str, settings: MaskSettings, resize_mode: int = 0) -> Masking:
    image, stencil = golden(name), golden(mask)
    masking = prepare_inpaint(image, stencil, settings, SIZE, resize_mode=resize_mode).masking
    assert masking is not None
    return masking


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 24), st.integers(0, 24))
def test_blur(width: int, height: int, x: int, y: int) -> None:
    """The blur equals OpenCV's, byte for byte, however small the mask and wide the blur."""
    levels = np.random.default_rng(width).integers(0, 256, (height, width), dtype=np.uint8)
    expected: cv2.typing.MatLike = levels
    if x > 0:
        expected = cv2.GaussianBlur(expected, (2 * int(2.5 * x + 0.5) + 1, 1), x)
    if y > 0:
        expected = cv2.GaussianBlur(expected, (1, 2 * int(2.5 * y + 0.5) + 1), y)
    np.testing.assert_array_equal(blurred(Image.fromarray(levels), x, y), expected)


def test_alpha_is_the_mask() -> None:
    """Where a mask is transparent anywhere, its alpha counts, in black and white if rounded."""
    ramp = Image.linear_gradient("L")
    mask = Image.merge("RGBA", (ramp, ramp, ramp, ramp))
    assert mask_from(mask, rounds=False).tobytes() == ramp.tobytes()
    rounded = np.asarray(mask_from(mask, rounds=True))[:, 0]
    assert [rounded[128], rounded[129]] == [0, 255]
    mask.putalpha(255)
    assert mask_from(mask, rounds=True).tobytes() == ramp.tobytes()


def stencil(box: tuple[int, int, int, int], size: tuple[int, int] = (100, 80)) -> Image.Image:
    mask = Image.new("L", size)
    mask.paste(1, box)
    return mask


@pytest.mark.parametrize(
    ("box", "padding", "size", "expected"),
    [
        ((40, 30, 60, 50), 0, (64, 64), (40, 30, 60, 50)),
        ((40, 30, 60, 50), 5, (64, 64), (35, 25, 65, 55)),
        ((40, 30, 60, 40), 0, (64, 64), (40, 25, 60, 45)),
        ((40, 30, 45, 51), 0, (64, 64), (32, 30, 53, 51)),
        ((40, 0, 60, 4), 0, (64, 64), (40, 0, 60, 20)),
        ((40, 76, 60, 80), 0, (64, 64), (40, 60, 60, 80)),
        ((96, 30, 100, 50), 0, (64, 64), (80, 30, 100, 50)),
        ((0, 30, 100, 50), 0, (64, 64), (0, 0, 100, 80)),
        ((40, 30, 60, 40), 0, (128, 64), (40, 30, 60, 40)),
        ((0, 0, 100, 80), 50, (64, 64), (0, 0, 100, 80)),
    ],
)
def test_crop_box(
    box: tuple[int, int, int, int],
    padding: int,
    size: tuple[int, int],
    expected: tuple[int, int, int, int],
) -> None:
    """The box holds all that is masked, has the shape asked for, and lies inside the mask."""
    assert crop_box(stencil(box), padding, *size) == expected


def test_nothing_masked() -> None:
    """An empty mask has no box, and where only the masked area counts nothing is masked at all."""
    empty = Image.new("L", SIZE)
    assert crop_box(empty, 32, *SIZE) is None
    prepared = prepare_inpaint(golden("photo"), empty, MaskSettings(only_masked=True), SIZE)
    assert prepared.masking is None
    same(prepared.picture, golden("photo"))


def test_no_mask() -> None:
    """Without a mask the picture is only brought to size."""
    prepared = prepare_inpaint(golden("wide"), None, MaskSettings(), SIZE)
    assert prepared.masking is None
    same(prepared.picture, golden("wide").resize(SIZE, Image.Resampling.LANCZOS))


def test_latent_mask() -> None:
    """Each cell is repainted by the share of white in it, all or nothing if rounded."""
    mask = Image.new("L", (32, 16))
    mask.paste(255, (16, 0, 32, 16))
    mask.paste(128, (16, 8, 32, 16))
    soft = latent_mask(mask, 4, 2, rounds=False)
    assert (soft.dtype, soft.shape) == (np.float32, (2, 4))
    np.testing.assert_allclose(
        soft[:, 3], [1, 128 / 255], atol=0.06
    )  # Pillow's bicubic sees a little beyond the cell
    assert soft[0, 0] == 0
    np.testing.assert_array_equal(latent_mask(mask, 4, 2, rounds=True)[:, [0, 3]], [[0, 1], [0, 1]])


def test_fill() -> None:
    """The masked area takes on the colours around it; the rest stays nearly as it was."""
    picture = Image.new("RGB", (60, 20), (200, 0, 0))
    picture.paste((0, 0, 200), (30, 0, 60, 20))
    mask = Image.new("L", picture.size)
    mask.paste(255, (20, 0, 40, 20))
    pixels = np.asarray(filled(picture, mask)).astype(int)
    np.testing.assert_allclose(pixels[:, :18], np.asarray(picture)[:, :18], atol=2)
    assert (pixels[:, 21, 0] > 150).all()
    assert (pixels[:, 38, 2] > 150).all()


def test_recorded_masks() -> None:
    """Mask, composite and overlaid picture equal A1111's, byte for byte."""
    masking = masked("photo", "mask", MaskSettings())
    painted = golden("inpaint-no-overlay-0")
    same(composited(painted, masking.overlay), golden("inpaint-return-mask-0"))
    same(mask_picture(masking.for_overlay), golden("inpaint-return-mask-1"))
    same(mask_composite(painted, masking.for_overlay), golden("inpaint-return-mask-2"))


@pytest.mark.parametrize(
    ("case", "image", "mask", "settings", "resize_mode"),
    [
        ("blur-xy", "photo", "mask", MaskSettings(2, 8), 0),
        ("wide-resize-2", "wide", "mask-wide", MaskSettings(), 2),
        ("mask-other-size", "photo", "mask-wide", MaskSettings(), 0),
        ("full-res-fill-0", "photo", "mask", MaskSettings(only_masked=True, padding=8, fill=0), 0),
        ("invert-full-res", "photo", "mask", MaskSettings(invert=True, only_masked=True), 0),
    ],
)
def test_kept_in_recorded_pictures(
    case: str, image: str, mask: str, settings: MaskSettings, resize_mode: int
) -> None:
    """What the mask keeps has its old bytes in A1111's picture, and hardly anything else has."""
    masking = masked(image, mask, settings, resize_mode)
    kept = np.asarray(masking.overlay.getchannel("A")) == 255
    before = np.asarray(masking.overlay.convert("RGB"))
    after = np.asarray(golden(f"inpaint-{case}-0"))
    np.testing.assert_array_equal(after[kept], before[kept])
    assert (after[~kept] != np.asarray(golden(image).resize(SIZE))[~kept]).mean() > 0.85


def test_only_masked() -> None:
    """The masked part is worked on at full size and put back where it was."""
    image = Image.new("RGB", (200, 100), (10, 20, 30))
    image.paste((250, 0, 0), (100, 20, 140, 60))
    mask = Image.new("L", image.size)
    mask.paste(255, (100, 20, 140, 60))
    settings = MaskSettings(0, 0, only_masked=True, padding=0)
    prepared = prepare_inpaint(image, mask, settings, (80, 80))
    assert prepared.masking is not None
    assert prepared.masking.paste_to == (100, 20, 40, 40)
    assert prepared.picture.getextrema() == ((250, 250), (0, 0), (0, 0))
    assert prepared.masking.latent.shape == (10, 10)
    painted = Image.new("RGB", (80, 80), (0, 255, 0))
    result = composited(painted, prepared.masking.overlay, prepared.masking.paste_to)
    expected = image.copy()
    expected.paste((0, 255, 0), (100, 20, 140, 60))
    same(result, expected)


def test_other_latent_mask() -> None:
    """What happens in the latent may go by another mask than what is pasted."""
    other = Image.new("L", SIZE, 255)
    image, mask = golden("photo"), golden("mask")
    masking = prepare_inpaint(image, mask, MaskSettings(), SIZE, other_latent_mask=other).masking
    assert masking is not None
    assert masking.latent.min() == 1
    same(masking.for_overlay, masked("photo", "mask", MaskSettings()).for_overlay)


def test_latent_resize() -> None:
    """Where the latent gets resized, the picture keeps its size and the mask has the new one."""
    prepared = prepare_inpaint(
        golden("wide"), golden("mask-wide"), MaskSettings(fill=0), SIZE, resize_mode=3
    )
    assert prepared.masking is not None
    sizes = [prepared.picture.size, prepared.masking.mask.size, prepared.masking.overlay.size]
    assert sizes == [(96, 80), SIZE, SIZE]


def test_inverted_and_doubled() -> None:
    """White becomes black; half of white is white enough for the overlay."""
    ramp = Image.linear_gradient("L")
    assert np.asarray(inverted(ramp))[:, 0].tolist() == list(range(255, -1, -1))
    doubled = np.asarray(mask_for_overlay(ramp))[:, 0].tolist()
    assert doubled == [min(2 * level, 255) for level in range(256)]
