"""What a worker is built of."""

from pathlib import Path

import pytest
from tests.fakes.checkpoints import write_tiny_checkpoint

from tintype.core.models import ModelRecord
from tintype.core.orders import Network
from tintype.core.settings import EngineConfig
from tintype.networks import Family
from tintype.worker.start import Workshop

DECODERS = (Path("taesdxl_decoder.pth"), Path("taesd_decoder.safetensors"))


@pytest.mark.parametrize(
    ("family", "name"),
    [("sd1", "taesd_decoder"), ("sd2", "taesd_decoder"), ("sdxl", "taesdxl_decoder")],
)
def test_each_family_has_previews_of_its_own(family: Family, name: str, tmp_path: Path) -> None:
    """Latents of SDXL mean other colours than those of SD 1 and 2."""
    path = write_tiny_checkpoint(tmp_path / "tiny.safetensors", family=family)
    record = ModelRecord(path.name, path, path.stat().st_size, path.stat().st_mtime_ns)
    workshop = Workshop(EngineConfig("cpu", threads=1), small_decoders=DECODERS)
    chosen = workshop.residency.get(Network(record)).autoencoder.small_decoder_path
    assert chosen is not None
    assert chosen.stem == name
