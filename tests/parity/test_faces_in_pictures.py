"""Faces cut out and laid back, against OpenCV doing what facexlib has it do."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.parity.face_helper import facexlib_pasted, template

from tintype.imaging.faces import cut_out, placement, with_faces

SIDE = 512


def points(seed: int, *, scale: float, noise: float, shift: float = 150) -> NDArray[Any]:
    """The five points of a face that is turned, scaled and found not quite exactly."""
    draw = np.random.default_rng(seed)
    angle = draw.uniform(-0.6, 0.6)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = template() - SIDE / 2
    moved = middle @ turn.T * scale + shift
    return moved + draw.normal(0, noise * scale, (5, 2))


def photo(width: int = 320, height: int = 280) -> NDArray[np.uint8]:
    """Soft colours, as in a photograph."""
    draw = np.random.default_rng(3)
    coarse = draw.integers(0, 256, (8, 9, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def test_where_a_face_is() -> None:
    """The similarity is OpenCV's robust one, also where points were found badly."""
    for seed in range(60):
        seen = points(seed, scale=0.4, noise=(0.5, 4.0, 12.0)[seed % 3])
        expected = cv2.estimateAffinePartial2D(seen, template(), method=cv2.LMEDS)[0]
        found = placement([(x, y) for x, y in seen.tolist()])
        np.testing.assert_allclose(found, expected, atol=0.05, err_msg=f"seed {seed}")


@pytest.mark.parametrize("scale", [0.2, 0.5, 1.5])
def test_cut_out(scale: float) -> None:
    """A cut-out face is OpenCV's, whose places between pixels are rounded to 1/32."""
    matrix = placement([(x, y) for x, y in points(1, scale=scale, noise=1)])
    expected = cv2.warpAffine(photo(), matrix, (SIDE, SIDE), borderValue=(132, 133, 135))
    found = cut_out(photo(), matrix).astype(int)
    assert np.abs(found - expected).max() <= 12  # at the edge of the picture
    assert np.abs(found - expected).mean() < 0.3


@pytest.mark.parametrize("scale", [0.15, 0.35])
def test_laid_back(scale: float) -> None:
    """A face inside a picture is laid as facexlib does it without its parsing network.

    It works out the mask from the picture's pixels, so its edge is up to one of them elsewhere.
    """
    matrix = placement([(x, y) for x, y in points(2, scale=scale, noise=1)])
    face = cv2.resize(photo()[::-1], (SIDE, SIDE)).astype(np.uint8)
    found = with_faces(photo(), [(face, matrix)]).astype(int)
    expected = facexlib_pasted(photo(), face, matrix).astype(int)
    away = np.abs(found - expected)
    assert np.abs(found - photo()).max() > 60
    assert (away > 16).mean() < 0.02
    assert away.mean() < 1


def test_what_is_beyond_a_face_stays() -> None:
    """Not a bit of the picture changes where the face's square is not."""
    matrix = placement([(x, y) for x, y in points(4, scale=0.2, noise=0, shift=100)])
    found = with_faces(photo(), [(np.zeros((SIDE, SIDE, 3), np.uint8), matrix)])
    assert (found[200:] == photo()[200:]).all()
    assert (found[100, 100] == 0).all()


def test_a_face_beyond_the_picture() -> None:
    """A face that lies outside is grey, and changes nothing."""
    matrix = placement([(x, y) for x, y in points(5, scale=0.2, noise=0, shift=-900)])
    assert (cut_out(photo(), matrix) == (132, 133, 135)).all()
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert (with_faces(photo(), [(black, matrix)]) == photo()).all()
