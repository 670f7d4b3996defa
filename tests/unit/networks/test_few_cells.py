"""Convolutions over few cells."""

from typing import Literal

import pytest
import torch
from tests.fakes.adapters import noise
from torch.nn import functional

from tintype.networks.few_cells import has_few_cells
from tintype.networks.wearing import Conv2d


@pytest.mark.parametrize("side", [1, 2, 3])
@pytest.mark.parametrize("mode", ["zeros", "circular"])
@pytest.mark.parametrize(("kernel", "stride", "bias"), [(3, 1, True), (3, 2, True), (1, 1, False)])
def test_a_product_is_a_convolution(
    side: int, mode: Literal["zeros", "circular"], kernel: int, stride: int, *, bias: bool
) -> None:
    """Where cells are few, the answer is that of torch's convolution."""
    layer = Conv2d(512, 24, kernel, stride=stride, padding=kernel // 2, bias=bias)
    layer.padding_mode = mode
    x = noise(2, 512, side, side, seed=7)
    assert has_few_cells(x, stride)
    around = [kernel // 2] * 4
    padded = functional.pad(x, around, "constant" if mode == "zeros" else mode)
    with torch.inference_mode():
        wanted = functional.conv2d(padded, layer.weight, layer.bias, stride)
        assert torch.allclose(layer(x), wanted, atol=1e-5)


def test_many_cells_are_left_to_torch() -> None:
    """Only the size of one row decides."""
    assert not has_few_cells(noise(1, 320, 8, 8), 1)
    assert has_few_cells(noise(64, 640, 4, 4), 1)
    assert has_few_cells(noise(1, 320, 4, 4), 2)
