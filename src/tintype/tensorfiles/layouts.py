"""Where the numbers of a tensor lie that is a view of some storage."""

from collections.abc import Iterator
from itertools import product
from math import prod

from tintype.errors import ModelError
from tintype.tensorfiles.dtypes import BITS
from tintype.tensorfiles.standins import LooseTensor
from tintype.tensorfiles.table import Shape, Slice, StoredTensor

_MOST_PIECES = 4096


def stored(tensor: LooseTensor, home: Slice) -> StoredTensor:
    """The bytes of a tensor.

    Args:
        tensor: as a pickle describes it.
        home: where its storage is.

    Raises:
        ModelError: it does not fit into its storage, or lies scattered in it.
    """
    shape, strides, item = tensor.shape, tensor.strides, BITS[tensor.dtype] // 8
    own_item = BITS[tensor.storage.dtype] // 8
    if len(shape) != len(strides):
        raise ModelError("A tensor's shape and strides contradict each other.")
    if not prod(shape):
        return StoredTensor(shape, tensor.dtype, ())
    first = tensor.storage.first * own_item + tensor.offset * item
    last = sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    claimed = (tensor.storage.first + tensor.storage.count) * own_item
    if first + max(last + 1, prod(shape)) * item > min(home.bytes, claimed):
        raise ModelError("A tensor reaches beyond the end of its storage.")
    begin = home.offset + first
    if is_transposed := _is_by_columns(shape, strides):
        strides = (shape[1], 1)
    slices = (
        Slice(home.path, begin + start * item, count * item)
        for start, count in _pieces(shape, strides)
    )
    return StoredTensor(shape, tensor.dtype, tuple(slices), is_transposed)


def _is_by_columns(shape: Shape, strides: Shape) -> bool:
    return len(shape) == 2 and min(shape) > 1 and strides == (1, shape[0])


def _pieces(shape: Shape, strides: Shape) -> Iterator[tuple[int, int]]:
    """First number and length of each stretch of numbers that follow one another."""
    sides = [pair for pair in zip(shape, strides, strict=True) if pair[0] > 1]
    together = 1
    while sides and sides[-1][1] == together:
        together *= sides.pop()[0]
    if prod(size for size, _ in sides) > _MOST_PIECES:
        raise ModelError(
            f"A tensor of shape {shape} lies scattered in its storage (strides {strides}). Save the"
            " file again with `.contiguous()` tensors, or as .safetensors."
        )
    for steps in product(*([step * stride for step in range(size)] for size, stride in sides)):
        yield sum(steps), together
