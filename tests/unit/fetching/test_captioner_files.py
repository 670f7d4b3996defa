"""Captioners that are pulled."""

from pathlib import Path

import pytest
import torch
from tests.fakes.small_models import CAPTIONER, LORA, safetensors
from tests.unit.fetching.conftest import Fetch

from tintype.errors import FetchError


def test_one_of_transformers_is_known_by_its_header(
    tmp_path: Path, fetch: Fetch, root: Path
) -> None:
    """It goes where A1111 keeps its own."""
    mine = tmp_path / "blip-large.safetensors"
    mine.write_bytes(safetensors(CAPTIONER))
    assert fetch(str(mine)).path == root / "BLIP" / "blip-large.safetensors"


def test_blips_own_file_is_looked_into(tmp_path: Path, fetch: Fetch, root: Path) -> None:
    """A torch file with the network under "model" is fetched as what it is, and as nothing else."""
    mine = tmp_path / "model_base_caption_capfilt_large.pth"
    torch.save({"model": {name: torch.zeros(shape) for name, shape in CAPTIONER.items()}}, mine)
    with pytest.raises(FetchError, match="a captioner"):
        fetch(str(mine), kind="lora")
    assert fetch(str(mine), kind="captioner").path == root / "BLIP" / mine.name


def test_other_files_are_no_captioners(tmp_path: Path, fetch: Fetch, root: Path) -> None:
    """A LoRA is told to be one."""
    mine = tmp_path / "a.safetensors"
    mine.write_bytes(safetensors(LORA))
    with pytest.raises(FetchError, match="is a LoRA, not a captioner; fetch it with --kind lora"):
        fetch(str(mine), kind="captioner")
    assert not (root / "BLIP").exists()
