"""RGB to CIE LAB and back, in bytes, with the very roundings of OpenCV's `cvtColor`.

Colours are sRGB, white is D65, and LAB is kept as L · 255 / 100, a + 128, b + 128. All steps are
integers and tables, so pictures come out the same everywhere; checked against OpenCV for every
colour there is.

Source: CIE 15:2004, and OpenCV's documentation of `COLOR_RGB2Lab`.
"""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Whole = NDArray[np.int64]
Real = NDArray[np.float64]

_LINEAR = 255 * 8  # linear light in eighths of a byte
_MATRIX_BITS = 12
_ROOT_BITS = 15
_INVERSE_BITS = 14
_INVERSE_ONE = 1 << _INVERSE_BITS
_LIGHTS = 1 << 12
_LOWEST = -8145  # of a cube root plus its share of a or b, in _INVERSE_ONE

_WHITE = np.array([0.950456, 1.0, 1.088754])
_TO_XYZ = np.array(
    [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
)
_TO_RGB = np.array(
    [
        [3.240479, -1.53715, -0.498535],
        [-0.969256, 1.875991, 0.041556],
        [0.055648, -0.204043, 1.057311],
    ]
)


def lab_from_rgb(rgb: Bytes) -> Bytes:
    """(…, 3) RGB to LAB."""
    light = _LIGHT_OF_BYTE[rgb]
    x, y, z = (_ROOT_OF_LIGHT[_descaled(light @ row, _MATRIX_BITS)] for row in _XYZ_ROWS)
    zero = 128 << _ROOT_BITS
    lightness = _LIGHTNESS_SCALE * y - _LIGHTNESS_SHIFT
    channels = np.stack([lightness, 500 * (x - y) + zero, 200 * (y - z) + zero], axis=-1)
    return _descaled(channels, _ROOT_BITS).clip(0, 255).astype(np.uint8)


def rgb_from_lab(lab: Bytes) -> Bytes:
    """(…, 3) LAB to RGB; colours that no screen has are cut off channel by channel."""
    lightness, a, b = (lab[..., channel].astype(np.int64) for channel in range(3))
    root = _ROOT_OF_LIGHTNESS[lightness]
    # a / 500 and b / 200 with 2 ** 14 for one, as products and shifts.
    a_share = ((5 * a * 53687 + 128) >> 13) - 128 * _INVERSE_ONE // 500
    b_share = ((b * 41943 + 16) >> 9) - 128 * _INVERSE_ONE // 200 + 1
    x = _CUBE_OF_ROOT[root + a_share - _LOWEST]
    z = _CUBE_OF_ROOT[root - b_share - _LOWEST]
    xyz = np.stack([x, _LIGHT_OF_LIGHTNESS[lightness], z], axis=-1)
    light = [_descaled(xyz @ row, _INVERSE_BITS).clip(0, _LIGHTS - 1) for row in _RGB_ROWS]
    return np.stack([_BYTE_OF_LIGHT[channel] for channel in light], axis=-1)


def _descaled(value: Whole, bits: int) -> Whole:
    return (value + (1 << (bits - 1))) >> bits


def _rounded(value: Real) -> Whole:
    return np.rint(value).astype(np.int64)


def _light_of_byte() -> Whole:
    level = np.arange(256) / 255
    return _rounded(
        _LINEAR * np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    )


def _root_of_light() -> Whole:
    light = np.arange(256 * 8 * 3 // 2) / _LINEAR
    straight = light.astype(np.float32) * np.float32(841 / 108) + np.float32(16 / 116)
    root = np.where(light < 216 / 24389, straight, np.cbrt(light).astype(np.float32))
    return _rounded(np.float64(1 << _ROOT_BITS) * root)


def _of_lightness() -> tuple[Whole, Whole]:
    """Light and its cube root for each L."""
    level = np.arange(256)
    root = (level * 100 / 255 + 16) / 116
    is_dark = level <= 20
    straight = 16 / 116 + level * 5 / (3 * 17 * 29)
    light = np.where(is_dark, level * 180 / (17 * 29**3), root**3)
    return (
        _rounded(_INVERSE_ONE * light),
        _rounded(_INVERSE_ONE * np.where(is_dark, straight, root)),
    )


def _cube_of_root() -> Whole:
    root = np.arange(_LOWEST, _INVERSE_ONE * 9 // 4 + _LOWEST)
    straight = np.trunc(root * 108 / 841).astype(np.int64) - _INVERSE_ONE * 16 // 116 * 108 // 841
    return np.where(root <= 3390, straight, root * root // _INVERSE_ONE * root // _INVERSE_ONE)


def _byte_of_light() -> Bytes:
    light = np.arange(_LIGHTS) / _LIGHTS
    curve = 1.055 * light ** (1 / 2.4) - 0.055
    return _rounded(255 * np.where(light <= 0.0031308, light * 12.92, curve)).astype(np.uint8)


_LIGHT_OF_BYTE = _light_of_byte()
_ROOT_OF_LIGHT = _root_of_light()
_XYZ_ROWS = _rounded((1 << _MATRIX_BITS) * _TO_XYZ / _WHITE[:, None])
_LIGHTNESS_SCALE = (116 * 255 + 50) // 100
_LIGHTNESS_SHIFT = (16 * 255 * (1 << _ROOT_BITS) + 50) // 100
_LIGHT_OF_LIGHTNESS, _ROOT_OF_LIGHTNESS = _of_lightness()
_CUBE_OF_ROOT = _cube_of_root()
_RGB_ROWS = _rounded((1 << _MATRIX_BITS) * _TO_RGB * _WHITE)
_BYTE_OF_LIGHT = _byte_of_light()
