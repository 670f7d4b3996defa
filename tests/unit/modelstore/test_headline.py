"""What the front knows of checkpoints, by their headers alone."""

import os
from pathlib import Path

import pytest
import torch
from tests.fakes.checkpoints import save_tensors, tiny_tensors, write_lora
from torch import Tensor

from tintype.core.families import Family
from tintype.core.models import CheckpointFacts, ModelRecord
from tintype.core.noise_levels import NoiseSchedule
from tintype.modelstore.facts import FileFacts
from tintype.modelstore.headline import checkpoint_facts
from tintype.networks import identify
from tintype.tensorfiles import open_table
from tintype.tensorfiles.numbers import numbers_of

EMPTY = torch.zeros(0)
FOUR = torch.tensor([1.0, 2.0, 3.0, 4.0])


def record(path: Path, config: Path | None = None) -> ModelRecord:
    status = path.stat()
    return ModelRecord(
        path.name, path, status.st_size, status.st_mtime_ns, sha256="00", config_path=config
    )


def facts_of(path: Path, config: Path | None = None) -> CheckpointFacts:
    return checkpoint_facts(record(path, config), FileFacts(None))


def written(folder: Path, family: Family = "sd1", **marks: Tensor) -> Path:
    return save_tensors(tiny_tensors(family=family) | marks, folder / "a.safetensors")


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl", "sdxl_refiner"])
def test_families(tmp_path: Path, family: Family) -> None:
    """Each family is known, with the scale of its latents."""
    facts = facts_of(written(tmp_path, family))
    assert (facts.family, facts.prediction, facts.looks_like) == (family, "eps", None)
    assert facts.scale == (0.13025 if "xl" in family else 0.18215)


MARKS: tuple[dict[str, Tensor], ...] = (
    {},
    {"v_pred": EMPTY, "ztsnr": EMPTY},
    {"edm_mean": FOUR, "edm_std": FOUR.half()},
    {"edm_vpred.sigma_max": torch.tensor(120.0), "edm_vpred.sigma_min": torch.tensor(0.002)},
)


@pytest.mark.parametrize("marks", MARKS, ids=["eps", "v", "edm", "edm_v"])
def test_the_front_agrees_with_the_worker(tmp_path: Path, marks: dict[str, Tensor]) -> None:
    """Prediction, noise and scale are what the networks are built for."""
    path = written(tmp_path, "sdxl", **marks)
    facts, table = facts_of(path), open_table(path)
    found = identify(
        table.shapes, None, table.metadata, lambda name: numbers_of(table.tensors[name])
    )
    assert (facts.prediction, facts.noise) == (found.prediction, found.noise)
    assert facts.scale == found.scale_factor
    assert facts.input_channels == found.unet.in_channels
    assert facts.context_width == found.unet.context_width


def test_what_is_remembered_is_what_was_read(tmp_path: Path) -> None:
    """Facts survive the database, ranges of levels included."""
    path, database = written(tmp_path, "sdxl", **MARKS[2]), tmp_path / "index.sqlite"
    first, second = (checkpoint_facts(record(path), FileFacts(database)) for _ in range(2))
    assert first == second
    assert second.noise == NoiseSchedule(continuous=(0.002, 80.0))


def test_the_config_beside_the_file(tmp_path: Path) -> None:
    """It is heeded, and read again when it has changed."""
    path, config = written(tmp_path), tmp_path / "a.yaml"
    facts = FileFacts(None)
    for number, prediction in enumerate(("v", "eps")):
        config.write_text(
            f"model: {{params: {{parameterization: {prediction}, unet_config: {{params: {{}}}}}}}}"
        )
        os.utime(config, (number, number))
        assert checkpoint_facts(record(path, config), facts).prediction == prediction


def test_other_files(tmp_path: Path) -> None:
    """What is no checkpoint is called by its name; what cannot be read says nothing."""
    assert facts_of(write_lora(tmp_path / "l.safetensors")) == CheckpointFacts(
        looks_like="a LoRA, which belongs in models/Lora"
    )
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(b"no header at all")
    assert facts_of(torn) == CheckpointFacts()


def test_edit_checkpoints_see_latents_of_their_own_scale() -> None:
    """InstructPix2Pix and SDXL's sees a picture unscaled, CosXL Edit as it sees its own."""
    assert CheckpointFacts(scale=0.18215).edit_scale == 1 / 0.18215
    assert CheckpointFacts(scale=0.13025, prediction="edm_v").edit_scale == 1
