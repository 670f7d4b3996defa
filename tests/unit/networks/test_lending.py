"""Models larger than their device: the same pictures in less memory."""

import weakref
from pathlib import Path
from typing import cast

import pytest
import torch
from tests.fakes.checkpoints import write_tiny_checkpoint
from tests.fakes.memory import live_bytes, no_collector
from torch import Tensor, nn

from tintype.core.settings import Lodging
from tintype.networks import Family, LoadedCheckpoint, bytes_by_part, load_checkpoint
from tintype.networks.stages import Stage

CPU = torch.device("cpu")
FAMILIES: list[Family] = ["sd1", "sdxl"]


@pytest.fixture(scope="module", params=FAMILIES)
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint in half precision."""
    family = cast(Family, request.param)
    path = tmp_path_factory.mktemp("models") / f"{family}.safetensors"
    return write_tiny_checkpoint(path, family=family, dtype=torch.float16)


def load(path: Path, lodging: Lodging = "resident") -> LoadedCheckpoint:
    return load_checkpoint(path, None, CPU, torch.float32, lodging)


@torch.inference_mode()
def painted(model: LoadedCheckpoint) -> Tensor:
    """A picture of two steps, each part used as the engine does."""
    model.use("text")
    context, pooled = model.encode_text(torch.full((1, 77), 5), 1)
    model.use("unet")
    vector = None
    if (width := model.config.unet.vector_width) is not None:
        assert pooled is not None
        vector = torch.nn.functional.pad(pooled, (0, width - pooled.shape[1]))
    x = 5 * torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    keys = [model.text_keys(context[0])] if vector is None else context
    for sigma in (5.0, 1.0):
        x = model.denoise(x, [sigma], keys, vector)
    model.use("vae")
    return model.autoencoder.decode(x)


@pytest.mark.parametrize("lodging", ["parts", "streamed"])
def test_the_picture_is_the_same(file: Path, lodging: Lodging) -> None:
    """Weights that come and go make the picture that resident ones make, more than once."""
    wanted, model = painted(load(file)), load(file, lodging)
    assert torch.equal(painted(model), wanted)
    assert torch.equal(painted(model), wanted)


def test_streamed_weights_take_less_memory(file: Path) -> None:
    """While the largest stage computes in float32, the rest lies in RAM in half precision."""
    whole, before = 4 * sum(bytes_by_part(file, torch.int8).values()), live_bytes()
    model, held = load(file, "streamed"), list[int]()
    largest = max((m for m in model.unet.modules() if isinstance(m, Stage)), key=_numbers)
    always = sum(p.nbytes for p in model.unet.parameters() if p.dtype == torch.float32)

    def look(*_: object) -> None:
        held.append(live_bytes() - before)

    next(largest.children()).register_forward_hook(look)
    painted(model)
    slack = 2**20  # activations, and what lies between weights
    assert 0 < max(held) < whole // 2 + 4 * _numbers(largest) + always + slack


def _numbers(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


@pytest.mark.parametrize("lodging", ["resident", "parts", "streamed"])
def test_a_model_goes_with_its_last_user(file: Path, lodging: Lodging) -> None:
    """Gigabytes do not wait for the collector of cycles."""
    model = load(file, lodging)
    painted(model)
    gone = [weakref.ref(model.unet), weakref.ref(model.autoencoder.vae)]
    with no_collector():
        del model
        assert [network() for network in gone] == [None, None]


def test_nothing_stays_after_a_model_has_gone(file: Path) -> None:
    """A model that is dropped gives back all its memory, whichever way it was kept."""
    lodgings: list[Lodging] = ["resident", "parts", "streamed"]
    for lodging in lodgings:
        painted(load(file, lodging))
    before = live_bytes()
    for lodging in lodgings:
        painted(load(file, lodging))
    assert live_bytes() == before


def test_a_model_can_rest_elsewhere(file: Path) -> None:
    """A model moved away and back paints as before, in memory that is new each time."""
    model = load(file)
    wanted, place = painted(model), _place(model.unet)
    model.move_to(CPU)
    assert _place(model.unet) != place
    assert torch.equal(painted(model), wanted)


def _place(network: nn.Module) -> int:
    return next(network.parameters()).data_ptr()
