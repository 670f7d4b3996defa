"""Normal numbers as a CUDA device draws them, made anywhere: A1111's noise source "NV".

Philox-4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") counts where
other generators remember, so all numbers of a draw come at once. Computed in float64 as A1111
does, which matches a real device to about 1e-6.
"""

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 10
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_KEY_STEPS = 0x9E3779B9, 0xBB67AE85
_LOW, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_TO_UNIT = np.float32(2.3283064e-10)  # 2 ** -32
_TO_ANGLE = np.float32(2.3283064e-10 * 6.2831855)  # 2 π · 2 ** -32


class Philox:
    """A seeded source. Each draw moves its offset by one, however many numbers it makes."""

    def __init__(self, seed: int) -> None:
        self._key = (seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF)
        self._offset = 0

    def normal(self, count: int) -> NDArray[np.float32]:
        """The next `count` standard normal numbers."""
        words = self._words(count)
        self._offset += 1
        return _box_muller(*words)

    def _words(self, count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """The first two of the four words at each counter (offset, 0, k, 0)."""
        zero = np.zeros(count, np.uint64)
        a, b, c, d = zero + np.uint64(self._offset), zero, np.arange(count, dtype=np.uint64), zero
        first, second = self._key
        for _ in range(_ROUNDS):
            left, right = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
            a, b = (right >> _HALF) ^ b ^ np.uint64(first), right & _LOW
            c, d = (left >> _HALF) ^ d ^ np.uint64(second), left & _LOW
            first = (first + _KEY_STEPS[0]) & 0xFFFFFFFF
            second = (second + _KEY_STEPS[1]) & 0xFFFFFFFF
        return a, b


def _box_muller(x: NDArray[np.uint64], y: NDArray[np.uint64]) -> NDArray[np.float32]:
    """Two uniform 32-bit words to one normal number; the constants are float32, the rest is not."""
    share = x.astype(np.float64) * float(_TO_UNIT) + float(_TO_UNIT / 2)
    angle = y.astype(np.float64) * float(_TO_ANGLE) + float(_TO_ANGLE / 2)
    normal = np.sqrt(-2.0 * np.log(share)) * np.sin(angle)
    return normal.astype(np.float32)
