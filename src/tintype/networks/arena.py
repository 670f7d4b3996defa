"""Memory for the weights of a network, in one piece, given back when the last of them is gone."""

import mmap
from collections.abc import Mapping
from itertools import accumulate
from math import prod

import torch
from torch import Tensor

from tintype.tensorfiles.table import Shape

_APART = 128  # numbers; weights begin where vector instructions and copies on GPUs like it best
_HUGE_PAGES: int | None = getattr(mmap, "MADV_HUGEPAGE", None)  # of private memory, on Linux


def empty_tensors(
    shapes: Mapping[str, Shape], dtype: torch.dtype, device: torch.device, *, pins: bool = False
) -> dict[str, Tensor]:
    """Tensors without numbers yet, side by side; those of four dimensions are channels-last.

    Args:
        shapes: by name, in the order in which they shall lie.
        dtype: of all of them.
        device: where they are.
        pins: memory of a CPU that a GPU reads by itself.
    """
    return laid_in(empty_memory(room_for(shapes), dtype, device, pins=pins), shapes)


def room_for(shapes: Mapping[str, Shape]) -> int:
    """How many numbers tensors of these shapes take, with what lies between them."""
    return sum(_rounded(prod(shape)) for shape in shapes.values())


def empty_memory(
    count: int, dtype: torch.dtype, device: torch.device, *, pins: bool = False
) -> Tensor:
    """Room (count,) for numbers.

    On a CPU it has large pages where the system gives them: the first touch of every small page
    takes longer than to read it from a file.
    """
    with torch.inference_mode(mode=False):  # whoever writes there need not be in it
        if device.type != "cpu" or pins or not count:
            return torch.empty(count, dtype=dtype, device=device, pin_memory=pins)
        pages = mmap.mmap(-1, count * dtype.itemsize, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if _HUGE_PAGES is not None:
            pages.madvise(_HUGE_PAGES)
        return torch.frombuffer(pages, dtype=dtype)


def laid_in(memory: Tensor, shapes: Mapping[str, Shape]) -> dict[str, Tensor]:
    """Tensors of these shapes that lie in `memory`, the first at its beginning."""
    starts = accumulate((_rounded(prod(shape)) for shape in shapes.values()), initial=0)
    with torch.inference_mode(mode=False):
        return {
            name: _shaped(memory[start : start + prod(shape)], shape)
            for (name, shape), start in zip(shapes.items(), starts, strict=False)
        }


def _shaped(flat: Tensor, shape: Shape) -> Tensor:
    if len(shape) != 4:
        return flat.view(shape)
    outputs, inputs, height, width = shape
    return flat.view(outputs, height, width, inputs).permute(0, 3, 1, 2)


def _rounded(count: int) -> int:
    return -(-count // _APART) * _APART
