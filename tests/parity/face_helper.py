"""What facexlib's helper does with OpenCV to lay a face back, in one place."""

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


def template() -> NDArray[Any]:
    """Where the five points of a face are in 512 × 512 pixels, as facexlib has them."""
    eyes = [[192.98138, 239.94708], [318.90277, 240.1936]]
    return np.array([*eyes, [256.63416, 314.01935], [201.26117, 371.41043], [313.08905, 371.15118]])


def facexlib_pasted(picture: Pixels, face: Pixels, matrix: NDArray[Any]) -> Pixels:
    """A face laid back where it was cut out, by a mask of OpenCV's erosions and blurs."""
    size = (picture.shape[1], picture.shape[0])
    back: Any = cv2.invertAffineTransform(matrix)
    laid: Any = cv2.warpAffine(face, back, size)
    mask: Any = cv2.warpAffine(np.ones(face.shape[:2], np.float32), back, size)
    mask = cv2.erode(mask, np.ones((2, 2), np.uint8))
    edge = int(mask.sum() ** 0.5) // 20
    laid = mask[..., None] * laid
    mask = cv2.erode(mask, np.ones((2 * edge, 2 * edge), np.uint8))
    blurred: object = cv2.GaussianBlur(mask, (2 * edge + 1, 2 * edge + 1), 0)
    soft = cast("NDArray[np.float32]", blurred)[..., None]
    return np.asarray(soft * laid + (1 - soft) * picture).astype(np.uint8)
