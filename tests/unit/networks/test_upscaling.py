"""Upscalers as files bring them."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fakes.checkpoints import save_tensors, write_lora, write_tiny_checkpoint
from tests.fakes.upscalers import compact_state, in_oldest_layout, in_second_layout, rrdb_state
from torch import Tensor

from tintype.core.upscaler_files import RrdbSizes
from tintype.errors import ModelError
from tintype.networks.upscaling import load_enlarger

CPU = torch.device("cpu")
PIXELS = torch.arange(3 * 8 * 8, dtype=torch.uint8).reshape(1, 3, 8, 8)


def shown(path: Path) -> Tensor:
    with torch.inference_mode():
        return load_enlarger(path, CPU).enlarged(PIXELS)


def test_layouts_of_all_ages_are_one_network(tmp_path: Path) -> None:
    """The same weights under three sets of names, or wrapped by a trainer, give the same bits."""
    state = rrdb_state()
    files = [
        save_tensors(layout, tmp_path / f"{number}.safetensors")
        for number, layout in enumerate(
            [
                state,
                in_oldest_layout(state, 2),
                in_second_layout(state),
                {f"module.{name}": tensor for name, tensor in state.items()},
            ]
        )
    ]
    first, *others = (shown(path) for path in files)
    assert first.shape == (1, 3, 32, 32)
    assert first.float().std() > 1
    for other in others:
        torch.testing.assert_close(other, first, rtol=0, atol=0)


@pytest.mark.parametrize("branch", ["params_ema", "params", "state_dict", None])
def test_torch_files(branch: str | None, tmp_path: Path) -> None:
    """Pickles with the weights at their root or in a branch are read."""
    state = compact_state()
    content: Any = state if branch is None else {branch: state, "iter": 5}
    torch.save(content, tmp_path / "x.pth")
    expected = shown(save_tensors(state, tmp_path / "x.safetensors"))
    torch.testing.assert_close(shown(tmp_path / "x.pth"), expected, rtol=0, atol=0)


def test_averages_go_first(tmp_path: Path) -> None:
    """Of a file that holds averaged weights and plain ones, the averages are taken."""
    plain, averaged = rrdb_state(seed=1), rrdb_state(seed=2)
    torch.save({"params": plain, "params_ema": averaged}, tmp_path / "x.pth")
    expected = shown(save_tensors(averaged, tmp_path / "x.safetensors"))
    torch.testing.assert_close(shown(tmp_path / "x.pth"), expected, rtol=0, atol=0)


def test_pictures_of_any_size(tmp_path: Path) -> None:
    """A network that unshuffles four pixels to a side takes one of a single pixel."""
    sizes = RrdbSizes(3, 4, 4, 2, 1, 2, has_shortcuts=False)
    network = load_enlarger(save_tensors(rrdb_state(sizes), tmp_path / "x.safetensors"), CPU)
    for side in ((1, 1), (3, 9), (5, 2)):
        with torch.inference_mode():
            answer = network.enlarged(torch.zeros((2, 3, *side), dtype=torch.uint8))
        assert answer.shape == (2, 3, *side)


def test_alone_or_in_company(tmp_path: Path) -> None:
    """A tile among others is what it is alone, to a level of 255."""
    network = load_enlarger(save_tensors(rrdb_state(), tmp_path / "x.safetensors"), CPU)
    tiles = torch.randint(256, (3, 3, 16, 16), dtype=torch.uint8)
    with torch.inference_mode():
        together = network.enlarged(tiles)
        alone = torch.cat([network.enlarged(tile[None]) for tile in tiles])
    torch.testing.assert_close(together.float(), alone.float(), rtol=0, atol=1)


def test_other_kinds_are_named(tmp_path: Path) -> None:
    """A LoRA or a checkpoint in the wrong folder is told apart from an upscaler."""
    with pytest.raises(ModelError, match=r"x\.safetensors: .*looks like a LoRA"):
        load_enlarger(write_lora(tmp_path / "x.safetensors"), CPU)
    with pytest.raises(ModelError, match="no upscaler"):
        load_enlarger(write_tiny_checkpoint(tmp_path / "y.safetensors"), CPU)


def test_other_families_name_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without spandrel a file of another family is refused with the command that brings it."""
    monkeypatch.setitem(sys.modules, "spandrel", None)
    state = {"conv_first.weight": torch.zeros(60, 3, 3, 3), "layers.0.norm.weight": torch.ones(60)}
    with pytest.raises(ModelError, match=r'pip install "tintype\[upscale\]"'):
        load_enlarger(save_tensors(state, tmp_path / "swin.safetensors"), CPU)


def test_incomplete_files_are_refused(tmp_path: Path) -> None:
    """What is missing is named."""
    state = rrdb_state()
    del state["body.1.rdb2.conv3.bias"]
    with pytest.raises(ModelError, match=r"missing, body\.1\.rdb2\.conv3\.bias"):
        load_enlarger(save_tensors(state, tmp_path / "x.safetensors"), CPU)


def test_pictures_without_colours_are_refused(tmp_path: Path) -> None:
    """Networks for one channel cannot enlarge pictures in colour."""
    sizes = RrdbSizes(1, 1, 4, 2, 1, 1, has_shortcuts=False)
    path = save_tensors(rrdb_state(sizes), tmp_path / "grey.safetensors")
    with pytest.raises(ModelError, match="pictures of 1 channels"):
        load_enlarger(path, CPU)


def test_numbers_that_fit_no_network_are_refused(tmp_path: Path) -> None:
    """Channels that no unshuffle makes are told."""
    state = rrdb_state() | {"conv_first.weight": torch.zeros(8, 7, 3, 3)}
    with pytest.raises(ModelError, match="takes 7 channels"):
        load_enlarger(save_tensors(state, tmp_path / "x.safetensors"), CPU)
