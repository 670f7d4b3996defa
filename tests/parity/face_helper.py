"""What facexlib's helper does with OpenCV to lay a face back, in one place."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
_CV: Any = cv2


def template() -> NDArray[Any]:
    """Where the five points of a face are in 512 × 512 pixels, as facexlib has them."""
    eyes = [[192.98138, 239.94708], [318.90277, 240.1936]]
    return np.array([*eyes, [256.63416, 314.01935], [201.26117, 371.41043], [313.08905, 371.15118]])


def facexlib_pasted(picture: Pixels, face: Pixels, matrix: NDArray[Any]) -> Pixels:
    """A face laid back where it was cut out, by a mask of OpenCV's erosions and blurs."""
    size = (picture.shape[1], picture.shape[0])
    back = _CV.invertAffineTransform(matrix)
    laid = _CV.warpAffine(face, back, size)
    mask = _CV.warpAffine(np.ones(face.shape[:2], np.float32), back, size)
    mask = _CV.erode(mask, np.ones((2, 2), np.uint8))
    edge = int(mask.sum() ** 0.5) // 20
    laid = mask[..., None] * laid
    mask = _CV.erode(mask, np.ones((2 * edge, 2 * edge), np.uint8))
    soft = _CV.GaussianBlur(mask, (2 * edge + 1, 2 * edge + 1), 0)[..., None]
    return np.asarray(soft * laid + (1 - soft) * picture).astype(np.uint8)
