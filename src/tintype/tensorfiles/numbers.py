"""The numbers of tensors so small that they are signs, read without torch."""

import struct
from collections.abc import Callable, Mapping

from tintype.errors import ModelError
from tintype.tensorfiles.files import opened, read_at
from tintype.tensorfiles.table import StoredTensor

MOST_BYTES = 1 << 16
"""Larger ones are weights and no sign of anything."""


def numbers_of(stored: StoredTensor) -> tuple[float, ...]:
    """A tensor's numbers, row by row.

    Raises:
        ModelError: the file is gone or too short, or the tensor too large or of a type that is no
            floating-point number.
    """
    if stored.dtype not in _READERS or stored.bytes > MOST_BYTES:
        raise ModelError(
            f"A tensor of {stored.bytes} bytes and type {stored.dtype} is too large, or of the"
            " wrong type, for the few numbers that were expected in it."
        )
    return _READERS[stored.dtype](_bytes_of(stored))


def _bytes_of(stored: StoredTensor) -> bytes:
    content = b""
    for piece in stored.slices:
        with opened(piece.path) as file:
            content += read_at(file, piece.offset, piece.bytes)
    if len(content) < stored.bytes:
        raise ModelError("The file is torn: it ends within a tensor. Download or copy it again.")
    return content


def _packed(code: str, width: int) -> Callable[[bytes], tuple[float, ...]]:
    return lambda content: struct.unpack(f"<{len(content) // width}{code}", content)


def _bfloat16(content: bytes) -> tuple[float, ...]:
    """The upper half of a float32."""
    pairs = zip(content[::2], content[1::2], strict=True)
    return _packed("f", 4)(b"".join(bytes((0, 0, low, high)) for low, high in pairs))


def _e5m2(content: bytes) -> tuple[float, ...]:
    """The upper half of a float16."""
    return _packed("e", 2)(b"".join(bytes((0, byte)) for byte in content))


def _e4m3(content: bytes) -> tuple[float, ...]:
    """One sign bit, four of an exponent biased by 7, three of a fraction; no infinities."""
    return tuple(map(_of_e4m3, content))


def _of_e4m3(byte: int) -> float:
    exponent, fraction = byte >> 3 & 15, byte & 7
    if byte & 127 == 127:
        return float("nan")
    size = (8 + fraction) * 2.0 ** (exponent - 10) if exponent else fraction * 2.0**-9
    return -size if byte & 128 else size


_READERS: Mapping[str, Callable[[bytes], tuple[float, ...]]] = {
    "F64": _packed("d", 8),
    "F32": _packed("f", 4),
    "F16": _packed("e", 2),
    "BF16": _bfloat16,
    "F8_E5M2": _e5m2,
    "F8_E4M3": _e4m3,
}
