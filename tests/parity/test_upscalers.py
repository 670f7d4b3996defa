"""Our upscalers against spandrel's modules on the same random weights."""

import sys
from collections.abc import Callable, Generator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from tests.fakes.checkpoints import save_tensors
from tests.fakes.upscalers import (
    compact_state,
    in_oldest_layout,
    in_second_layout,
    random_state,
    rrdb_state,
)
from torch import Tensor

from tintype.core.upscaler_files import RrdbSizes
from tintype.networks.upscaling import load_enlarger

CPU = torch.device("cpu")
State = dict[str, Tensor]


def sizes(
    *, unshuffle: int = 1, doublings: int = 2, blocks: int = 2, has_shortcuts: bool = False
) -> RrdbSizes:
    """Those of a small network; spandrel takes the growth of 32 for granted."""
    return RrdbSizes(3, unshuffle, 8, 32, blocks, doublings, has_shortcuts)


def oldest(doublings: int, *, has_shortcuts: bool = False, unshuffle: int = 1) -> State:
    """A network in ESRGAN's first layout."""
    known = sizes(doublings=doublings, has_shortcuts=has_shortcuts, unshuffle=unshuffle)
    return in_oldest_layout(rrdb_state(known), doublings)


CASES: dict[str, Callable[[], State]] = {
    "oldest x1": lambda: oldest(0),
    "oldest x2": lambda: oldest(1),
    "oldest x4": lambda: oldest(2),
    "oldest x8": lambda: oldest(3),
    "oldest x2 by unshuffle": lambda: oldest(2, unshuffle=2),
    "ESRGAN+": lambda: oldest(2, has_shortcuts=True),
    "second x4": lambda: in_second_layout(rrdb_state(sizes())),
    "BSRGAN x2": lambda: in_second_layout(rrdb_state(sizes(doublings=1))),
    "Real-ESRGAN x4": lambda: rrdb_state(sizes()),
    "Real-ESRGAN x2": lambda: rrdb_state(sizes(unshuffle=2)),
    "Real-ESRGAN x1": lambda: rrdb_state(sizes(unshuffle=4)),
    "anime 6B": lambda: rrdb_state(sizes(blocks=6)),
    "compact x4": compact_state,
    "compact x2": lambda: compact_state(scale=2, convolutions=5),
    "compact x1": lambda: compact_state(scale=1),
}


@pytest.fixture(scope="module")
def spandrel() -> Generator[Any]:
    """The library, with a stand-in for torchvision.

    It imports torchvision for LaMa and RestoreFormer alone, which no test asks for, and torchvision
    brings builds of torch of its own.
    """
    pytest.importorskip("einops")
    names = ("torchvision", "torchvision.transforms", "torchvision.transforms.functional")
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            patch.setitem(sys.modules, name, ModuleType(name))
        functional = sys.modules[names[-1]]
        for name in ("InterpolationMode", "normalize", "rotate"):
            patch.setattr(functional, name, None, raising=False)
        patch.setattr(sys.modules[names[1]], "functional", functional, raising=False)
        yield pytest.importorskip("spandrel")


@pytest.mark.parametrize("side", [(24, 16), (19, 15)], ids=["even", "odd"])
@pytest.mark.parametrize("case", CASES)
def test_equals_spandrel(case: str, side: tuple[int, int], spandrel: Any, tmp_path: Path) -> None:
    """Every layout, scale and size gives spandrel's picture, to a level of 255."""
    state = CASES[case]()
    torch.manual_seed(1)
    pixels = torch.randint(256, (2, 3, *side), dtype=torch.uint8)

    ours = load_enlarger(save_tensors(state, tmp_path / "x.safetensors"), CPU)
    theirs = spandrel.ModelLoader(CPU).load_from_state_dict(dict(state)).eval()

    with torch.inference_mode():
        found = ours.enlarged(pixels)
        expected = (theirs(pixels.flip(1) / 255).clamp(0, 1) * 255).round().flip(1)
    assert ours.scale == theirs.scale
    assert found.float().std() > 5
    torch.testing.assert_close(found.float(), expected, rtol=0, atol=1)


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # as SwinIR was written
def test_others_are_read_by_spandrel(spandrel: Any, tmp_path: Path) -> None:
    """A SwinIR enlarges as it does in spandrel's own hands."""
    swin_ir = import_module("spandrel.architectures.SwinIR").SwinIR
    network: Any = swin_ir(
        upscale=2,
        img_size=8,
        window_size=8,
        depths=[1],
        embed_dim=12,
        num_heads=[2],
        upsampler="pixelshuffledirect",
    )
    state = {**network.state_dict(), **random_state_of(network)}
    pixels = torch.randint(256, (1, 3, 12, 20), dtype=torch.uint8)

    ours = load_enlarger(save_tensors(state, tmp_path / "swin.safetensors"), CPU)

    theirs = spandrel.ModelLoader(CPU).load_from_state_dict(dict(state)).eval()
    with torch.inference_mode():
        expected = (theirs(pixels.flip(1) / 255).clamp(0, 1) * 255).round().flip(1)
        torch.testing.assert_close(ours.enlarged(pixels).float(), expected, rtol=0, atol=1)
    assert ours.scale == 2


def random_state_of(network: torch.nn.Module) -> State:
    """Random weights for what is learnt; tables that are worked out stay."""
    learnt = {name for name, _ in network.named_parameters()}
    return {name: value for name, value in random_state(network).items() if name in learnt}
