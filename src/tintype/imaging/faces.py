"""Faces cut out of a picture, upright and of one size, and laid back into it.

A similarity (turn, scale, shift) brings the five points of a face to where they are in the
pictures that restorers were trained on. Coordinates are those of pixels' middles, x to the right.
"""

from collections.abc import Sequence
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tintype.core.faces import FACE_SIDE, Face, Point

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Matrix = NDArray[np.floating[Any]]
"""(2, 3): from a point of the picture to one of the cut-out face."""
Points = NDArray[np.floating[Any]]
"""(…, 2): x and y."""

_TEMPLATE = (  # FFHQ's mean face at 512 × 512, in the order of `Face.points`
    (192.98138, 239.94708),
    (318.90277, 240.1936),
    (256.63416, 314.01935),
    (201.26117, 371.41043),
    (313.08905, 371.15118),
)
_BEYOND = (132, 133, 135)  # what a face shows beyond the edge of its picture
_SEARCH_SIDE = 640  # of a picture's shorter side where faces are looked for
_LONGEST_SEARCH_SIDE = 4 * _SEARCH_SIDE
_LEAST_EYES = 5.0  # pixels between eyes, less of which is a face too small or turned away
_CORNERS = np.array([(0, 0), (FACE_SIDE, 0), (0, FACE_SIDE), (FACE_SIDE, FACE_SIDE)], np.float64)
_EDGE_SHARE = 1 / 20  # of a face's side, that is left out at its edge before it fades
_HALF = (FACE_SIDE - 1) / 2
_PAIRS = ((0, 4), (0, 3), (1, 2), (0, 1), (1, 4), (1, 3))
_OUTLIER = 2.5 * 1.4826 * (1 + 5 / 3)  # times the root of the median error, of five points


def to_search(picture: Image.Image) -> tuple[Image.Image, float]:
    """A picture (RGB) at the size at which faces are found best, and what brings them back.

    The shorter side has 640 pixels, as in A1111, unless the longer would have more than 2560.
    """
    factor = min(_SEARCH_SIDE / min(picture.size), _LONGEST_SEARCH_SIDE / max(picture.size))
    width, height = (max(1, int(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS), 1 / factor


def worth_restoring(faces: Sequence[Face]) -> list[Face]:
    """Those that are large enough and look this way."""
    return [face for face in faces if _distance(face.points[0], face.points[1]) >= _LEAST_EYES]


def placement(points: Sequence[Point]) -> Matrix:
    """How a face with these five points is brought to 512 × 512 pixels.

    One or two points that were found badly are left out: the similarity of two points by which
    the middle error of all is least tells which. Source: Rousseeuw 1984, least median of squares.
    A1111 has OpenCV do it, which tries these pairs and no others.
    """
    seen = np.array(points, np.float64)
    wanted = np.array(_TEMPLATE, np.float64)
    tried = [_similarity(seen[[a, b]], wanted[[a, b]]) for a, b in _PAIRS]
    errors = [_errors(matrix, seen, wanted) for matrix in tried]
    best = min(errors, key=lambda some: float(np.median(some)))
    bound = max(_OUTLIER * float(np.median(best)) ** 0.5, 0.001) ** 2
    good = best <= bound
    return _similarity(seen[good], wanted[good])


def cut_out(picture: Pixels, matrix: Matrix) -> Pixels:
    """The face (512, 512, 3) of a picture (H, W, 3); grey where the picture ends."""
    away = _inverse(matrix)
    left, top, right, bottom = _frame(_moved(_CORNERS, away), picture.shape[1], picture.shape[0])
    if left >= right or top >= bottom:
        return np.full((FACE_SIDE, FACE_SIDE, 3), _BEYOND, np.uint8)
    places = _moved(_grid(0, 0, FACE_SIDE, FACE_SIDE), away) - (left, top)
    piece = picture[top:bottom, left:right].astype(np.float32)
    found = _sampled(piece, places, np.array(_BEYOND, np.float32))
    return np.rint(found).astype(np.uint8)


def with_faces(picture: Pixels, faces: Sequence[tuple[Pixels, Matrix]]) -> Pixels:
    """A picture (H, W, 3) with faces (512, 512, 3) laid where they were cut out.

    Each fades out towards the edge of its square; what is beyond stays as it is. Numbers are cut
    off, not rounded, as in A1111.
    """
    whole = picture.astype(np.float32)
    for face, matrix in faces:
        _lay(whole, face, matrix)
    return whole.astype(np.uint8)


def _lay(whole: Floats, face: Pixels, matrix: Matrix) -> None:
    corners = _moved(_CORNERS, _inverse(matrix))
    left, top, right, bottom = _frame(corners, whole.shape[1], whole.shape[0])
    if left >= right or top >= bottom:
        return
    layers = np.concatenate([face.astype(np.float32), _fading(matrix)[..., None]], 2)
    places = _moved(_grid(left, top, right, bottom), matrix)
    found = _sampled(layers, places, np.zeros(4, np.float32))
    share, beneath = found[..., 3:], whole[top:bottom, left:right]
    whole[top:bottom, left:right] = share * found[..., :3] + (1 - share) * beneath


def _fading(matrix: Matrix) -> Floats:
    """(512, 512): how much of a face is seen where.

    As facexlib without its parsing network: in the picture, a square is made smaller by a level
    one that is as wide as twice the edge, and blurred. Here it lies straight, so it is a product
    of two lines.
    """
    turn, scale = np.abs(matrix[0, :2]), float(np.hypot(*matrix[0, :2]))
    edge = max(int(FACE_SIDE / scale * _EDGE_SHARE), 1)
    spread = (0.3 * (edge - 1) + 0.8) * scale  # OpenCV's, for a bell so many pixels wide
    cut = 1 + edge * float(turn.sum())
    reach = np.arange(-ceil(3 * spread), ceil(3 * spread) + 1)
    bell = np.exp(-(reach**2) / (2 * spread**2))
    line = np.clip(_HALF - cut - np.abs(np.arange(FACE_SIDE) - _HALF), 0, 1)
    line = np.convolve(np.pad(line, len(reach) // 2), bell / bell.sum(), mode="valid")
    return np.outer(line, line).astype(np.float32)


def _similarity(seen: Points, wanted: Points) -> Matrix:
    """The best turn, scale and shift from some points (N, 2) to others; N at least 2."""
    x, y = seen.T
    ones, zeros = np.ones_like(x), np.zeros_like(x)
    rows = np.concatenate([np.stack([x, -y, ones, zeros], 1), np.stack([y, x, zeros, ones], 1)])
    a, b, across, along = np.linalg.lstsq(rows, wanted.T.ravel(), rcond=None)[0]
    return np.array([[a, -b, across], [b, a, along]])


def _errors(matrix: Matrix, seen: Points, wanted: Points) -> Points:
    return ((_moved(seen, matrix) - wanted) ** 2).sum(1)


def _inverse(matrix: Matrix) -> Matrix:
    turned = np.linalg.inv(matrix[:, :2])
    return np.concatenate([turned, -turned @ matrix[:, 2:]], 1)


def _moved(points: Points, matrix: Matrix) -> Points:
    """Points (…, 2) where a matrix brings them."""
    return points @ matrix[:, :2].T + matrix[:, 2]


def _grid(left: int, top: int, right: int, bottom: int) -> Points:
    """x and y of every pixel (H, W, 2)."""
    across, along = np.meshgrid(np.arange(left, right), np.arange(top, bottom))
    return np.stack([across, along], -1).astype(np.float64)


def _frame(corners: Points, width: int, height: int) -> tuple[int, int, int, int]:
    """The part of a picture that holds these points: left, top, right and bottom."""
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    return (
        min(max(floor(left) - 1, 0), width),
        min(max(floor(top) - 1, 0), height),
        min(max(ceil(right) + 2, 0), width),
        min(max(ceil(bottom) + 2, 0), height),
    )


def _sampled(layers: Floats, places: Points, beyond: Floats) -> Floats:
    """Layers (H, W, C) between their pixels at `places` (…, 2), and what is beyond their edge."""
    height, width, channels = layers.shape
    padded = np.empty((height + 2, width + 2, channels), np.float32)
    padded[...] = beyond
    padded[1:-1, 1:-1] = layers
    x = np.clip(places[..., 0] + 1, 0, width + 1)
    y = np.clip(places[..., 1] + 1, 0, height + 1)
    left, top = np.minimum(x.astype(np.int64), width), np.minimum(y.astype(np.int64), height)
    right_share = (x - left).astype(np.float32)[..., None]
    low_share = (y - top).astype(np.float32)[..., None]
    upper = padded[top, left] * (1 - right_share) + padded[top, left + 1] * right_share
    lower = padded[top + 1, left] * (1 - right_share) + padded[top + 1, left + 1] * right_share
    return np.asarray(upper * (1 - low_share) + lower * low_share, np.float32)


def _distance(one: Point, other: Point) -> float:
    return ((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5
