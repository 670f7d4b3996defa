"""Plans know the noise their checkpoints were trained on."""

from pathlib import Path

import pytest
import torch
from tests.fakes.checkpoints import save_tensors, tiny_tensors
from tests.fakes.library import planned

from tintype.core.noise_levels import NoiseSchedule
from tintype.core.requests import HiresRequest, Request
from tintype.modelstore import ModelStore
from tintype.planning import Library

SHIFTED = NoiseSchedule(zero_terminal_snr=True)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """A plain checkpoint, one that ends in noise, and one that edits pictures."""
    folder = tmp_path / "models" / "Stable-diffusion"
    folder.mkdir(parents=True)
    save_tensors(tiny_tensors(), folder / "plain.safetensors")
    marks = {"v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}
    save_tensors(tiny_tensors(family="sdxl") | marks, folder / "shifted.safetensors")
    save_tensors(tiny_tensors(in_channels=8), folder / "edit.safetensors")
    return Library(ModelStore([tmp_path]))


@pytest.mark.parametrize(
    ("checkpoint", "noise"), [("plain", NoiseSchedule()), ("shifted", SHIFTED)]
)
def test_first_pass(library: Library, checkpoint: str, noise: NoiseSchedule) -> None:
    """A pass goes by its checkpoint's noise."""
    (plan,) = planned(Request(checkpoint=checkpoint), library)
    assert plan.settings.trained_on == noise


def test_second_pass_by_another_checkpoint(library: Library) -> None:
    """The hires pass goes by the noise of its own checkpoint, if it has one."""
    hires = HiresRequest(denoising_strength=0.5, checkpoint="shifted")
    (plan,) = planned(Request(checkpoint="plain", hires=hires), library)
    assert plan.settings.trained_on == NoiseSchedule()
    assert plan.hires is not None
    assert plan.hires.settings.trained_on == SHIFTED


def test_edit_checkpoints(library: Library) -> None:
    """They see pictures unscaled beside their latents."""
    (plan,) = planned(Request(checkpoint="edit"), library)
    assert (plan.input_channels, plan.edit_scale) == (8, 1 / 0.18215)
