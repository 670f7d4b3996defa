"""Faces in a finished picture: what the recipe asks, and what it makes of the answers."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from tintype.core.faces import Face, FaceDetectorRecord, FaceRestoration, FaceRestorerRecord
from tintype.core.orders import Answer, FindFaces, Order, RestoreFace
from tintype.recipes.faces import formers, restored

_DETECTOR = FaceDetectorRecord(Path("detector.pth"), 1, 1)
_CODEFORMER = FaceRestorerRecord("CodeFormer", Path("codeformer.pth"), 1, 1)
_FIVE = ((193.0, 240.0), (319.0, 240.0), (257.0, 314.0), (201.0, 371.0), (313.0, 371.0))


def face(x: float, y: float, side: float) -> Face:
    """A face whose square has its middle there."""
    points = [((a - 256) / 512 * side + x, (b - 256) / 512 * side + y) for a, b in _FIVE]
    return Face((x, y, x + 1, y + 1), 0.99, tuple(points))


def made(
    picture: Image.Image, found: tuple[Face, ...], visibility: float = 1.0
) -> tuple[NDArray[np.uint8], list[Order]]:
    """The picture whose faces become white, and what was asked on the way."""
    recipe = restored(picture, FaceRestoration(_CODEFORMER, _DETECTOR, 0.3, visibility))
    asked: list[Order] = []
    answer: Answer | None = None
    while True:
        try:
            order = next(recipe) if answer is None else recipe.send(answer)
        except StopIteration as end:
            return np.array(cast(Image.Image, end.value)), asked
        asked.append(order)
        is_search = isinstance(order, FindFaces)
        answer = found if is_search else torch.full((3, 512, 512), 255, dtype=torch.uint8)


def red(width: int = 320, height: int = 256) -> Image.Image:
    return Image.new("RGB", (width, height), (200, 0, 0))


def test_each_face_is_asked_for_alone() -> None:
    """The search sees 640 pixels on the shorter side; each face comes as 512 × 512, with weight."""
    found = face(200, 300, 150), face(600, 300, 150)  # as the search sees them, 2.5 times as large
    pixels, (search, *faces) = made(red(), found)
    assert isinstance(search, FindFaces)
    assert search.pixels.shape == (3, 640, 800)
    for order in faces:
        assert isinstance(order, RestoreFace)
        assert (order.pixels.shape, order.weight) == ((3, 512, 512), 0.3)
        assert (order.pixels[:, 256, 256] == torch.tensor([200, 0, 0])).all()
    assert len(faces) == 2
    assert pixels[120, [80, 240]].tolist() == [[255] * 3] * 2
    assert (pixels[120, 160] == (200, 0, 0)).all()


def test_nothing_else_changes() -> None:
    """Beyond the squares of faces not a bit."""
    pixels, _ = made(red(), (face(400, 320, 200),))
    assert (pixels[:80] == (200, 0, 0)).all()
    assert (pixels[:, :118] == (200, 0, 0)).all()
    assert (pixels[128, 160] == 255).all()


@pytest.mark.parametrize("found", [(), (face(400, 320, 40),)], ids=["none", "too small"])
def test_pictures_without_faces_stay(found: tuple[Face, ...]) -> None:
    """Also those whose eyes are less than five pixels apart."""
    pixels, asked = made(red(), found)
    assert (pixels == np.array(red())).all()
    assert len(asked) == 1


def test_visibility_blends() -> None:
    """Half of before and half of after."""
    pixels, _ = made(red(), (face(400, 320, 200),), visibility=0.5)
    assert np.abs(pixels[128, 160].astype(int) - (227, 127, 127)).max() <= 1


def test_nothing_is_asked_where_no_faces_are_wanted() -> None:
    """The picture itself is the answer."""
    picture = red()
    with pytest.raises(StopIteration) as end:
        next(restored(picture, None))
    assert end.value.value is picture


def test_long_pictures_are_searched_within_bounds() -> None:
    """The longer side is shown at 2560 pixels at most."""
    _, (search,) = made(red(1000, 20), ())
    assert max(cast(FindFaces, search).pixels.shape) == 2560


def test_the_picture_before_is_kept_where_it_is_wanted() -> None:
    """And nowhere else."""
    faces = FaceRestoration(_CODEFORMER, _DETECTOR)
    picture = red()
    assert formers(picture, replace(faces, keeps_former=True)) == (picture,)
    assert formers(picture, faces) == formers(picture, None) == ()
