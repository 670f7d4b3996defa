from dataclasses import replace

import numpy as np
import pytest
import torch

from tintype.core.mask_settings import SoftInpainting
from tintype.imaging.soft import overlay_mask, repainted_share, soft_blend

SOFT = SoftInpainting()
ORIGINAL, DENOISED = np.random.default_rng(0).standard_normal((2, 4, 6, 8))
LENGTH = np.linalg.norm(ORIGINAL, axis=0)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_ends_of_the_mask(level: float) -> None:
    """Where the mask is black the original stays, where it is white the new latent does."""
    paint = np.full((6, 8), level)
    expected = DENOISED if level else ORIGINAL
    blended = soft_blend(ORIGINAL, DENOISED, paint, 3.0, SOFT)
    np.testing.assert_allclose(blended, expected, rtol=1e-4)


def test_contrast_is_kept() -> None:
    """Two opposite latents of one length, mixed three to one, make one of that length."""
    paint = np.full((6, 8), 0.25)
    plain = replace(SOFT, preservation_strength=1.0)
    blended = soft_blend(ORIGINAL, -ORIGINAL, paint, 1.0, plain)
    np.testing.assert_allclose(np.linalg.norm(blended, axis=0), LENGTH, rtol=1e-3)
    np.testing.assert_allclose(blended, ORIGINAL, rtol=1e-3)


def test_noise_holds_on() -> None:
    """The noisier the latent, the more of the original stays in half masked cells."""
    paint = np.full((6, 8), 0.5)
    blends = [soft_blend(ORIGINAL, DENOISED, paint, sigma, SOFT) for sigma in (0.1, 1.0, 10.0)]
    distances = [np.linalg.norm(blend - ORIGINAL) for blend in blends]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.1 * distances[0]


def test_tensors() -> None:
    """Torch tensors are blended by the same formula."""
    paint = np.linspace(0, 1, 48).reshape(6, 8)
    arrays = ORIGINAL, DENOISED, paint
    tensors = [torch.from_numpy(array) for array in arrays]  # pyright: ignore[reportUnknownMemberType]
    blended = soft_blend(tensors[0], tensors[1], tensors[2], 2.5, SOFT)
    np.testing.assert_allclose(blended.numpy(), soft_blend(*arrays, 2.5, SOFT), rtol=1e-12)


def test_what_moved_is_repainted() -> None:
    """Cells far from those that moved are kept; those amid them are repainted."""
    moved = np.zeros((4, 20, 20))
    moved[:, 8:18, 8:18] = 5
    share = repainted_share(np.zeros_like(moved), moved, np.zeros((20, 20)), SOFT)
    assert (share.dtype, share.shape) == (np.float32, (20, 20))
    assert share[13, 13] > 0.99
    assert share[:4].max() == 0


def test_lone_cells() -> None:
    """A single cell that moved is not lost, but counts for its neighbours too."""
    moved = np.zeros((1, 15, 15))
    moved[0, 7, 7] = 5
    share = repainted_share(np.zeros_like(moved), moved, np.zeros((15, 15)), SOFT)
    assert share[7, 7] > 0.5
    assert share[7, 8] > 0.5
    assert share[0, 0] == 0


def test_influence_of_the_mask() -> None:
    """With all influence, masked cells need not move far to be repainted."""
    moved = np.full((1, 8, 8), 0.05)
    paint = np.ones((8, 8))
    shares = [
        repainted_share(np.zeros_like(moved), moved, paint, replace(SOFT, mask_influence=k))[4, 4]
        for k in (0.0, 0.5, 1.0)
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.01
    assert shares[-1] > 0.99


def test_overlay() -> None:
    """The share becomes a mask of the picture's size, or of the part that was painted."""
    share = np.zeros((8, 8), np.float32)
    share[:, 4:] = 1
    mask = overlay_mask(share, (64, 64))
    assert (mask.mode, mask.size) == ("L", (64, 64))
    assert [mask.getpixel((2, 32)), mask.getpixel((61, 32))] == [0, 255]
    part = overlay_mask(share, (64, 64), (20, 10, 32, 32), (100, 50))
    assert part.size == (100, 50)
    assert [part.getpixel((22, 26)), part.getpixel((50, 26)), part.getpixel((60, 26))] == [
        0,
        255,
        0,
    ]
