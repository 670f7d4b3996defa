"""Rows of a pass, each with its own words and time, against the plain way."""

import pytest
import torch
from tests.fakes.checkpoints import Family, tiny_unet
from torch import Tensor

from tintype.networks.company import Texts, Times
from tintype.networks.unet import UNet


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def random_unet(family: Family) -> UNet:
    torch.manual_seed(3)
    return UNet(tiny_unet(family)).eval()


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_keys_and_shifts_made_once_change_nothing(family: Family) -> None:
    """A pass with keys and shifts made for each row alone equals one with words and times."""
    unet = random_unet(family)
    x, times = noise(3, 4, 8, 8), torch.tensor([999.0, 500.5, 0.0])
    context = noise(3, 77, unet.config.context_width, seed=2)
    width = unet.config.vector_width
    vector = None if width is None else noise(3, width, seed=4)
    expected = unet(x, times, context, vector)
    rows = [None] * 3 if vector is None else list(vector)
    shifts = Times([unet.time_shifts(t, v) for t, v in zip(times, rows, strict=True)])
    found = unet(x, shifts, Texts([unet.text_keys(one) for one in context]))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_prompts_of_any_length_share_a_pass() -> None:
    """Rows with 77, 154 and again 77 tokens are answered as each alone would be."""
    unet = random_unet("sd1")
    x, times = noise(3, 4, 8, 8), torch.tensor([999.0, 500.5, 0.0])
    contexts = [noise(length, unet.config.context_width, seed=length) for length in (77, 154, 77)]
    keys = [unet.text_keys(context) for context in contexts]
    shifts = [unet.time_shifts(time) for time in times]
    together = unet(x, Times(shifts), Texts(keys))
    for row, context in enumerate(contexts):
        alone = unet(x[row : row + 1], times[row : row + 1], context[None])
        torch.testing.assert_close(together[row : row + 1], alone, rtol=0, atol=1e-5)


def test_what_is_remembered_holds_nothing_else() -> None:
    """Keys and shifts own just their numbers: none of them keeps a larger tensor in memory."""
    unet = random_unet("sd1")
    keys = unet.text_keys(noise(77, unet.config.context_width))
    shifts = unet.time_shifts(torch.tensor(500.0))
    for tensor in (*keys.layers[0], *shifts.layers):
        assert tensor.untyped_storage().nbytes() == tensor.nbytes
