"""Which checkpoints stay in memory, and what they wear."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.fakes.adapters import lora_parts, write_adapter
from tests.fakes.checkpoints import write_tiny_checkpoint
from torch import Tensor

from tintype.core.models import ModelRecord
from tintype.core.orders import Adapter, Network
from tintype.engine import Residency
from tintype.errors import ModelError
from tintype.networks import LoadedCheckpoint

LAYER = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"


class Loader:
    """Loads checkpoints and remembers which."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def __call__(self, record: ModelRecord) -> LoadedCheckpoint:
        self.loaded.append(record.name)
        return LoadedCheckpoint.load(record.path, None, torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelRecord]:
    """Three tiny checkpoints."""
    folder = tmp_path_factory.mktemp("models")
    found: dict[str, ModelRecord] = {}
    for seed, name in enumerate("abc"):
        path = write_tiny_checkpoint(folder / f"{name}.safetensors", seed)
        status = path.stat()
        found[name] = ModelRecord(name, path, status.st_size, status.st_mtime_ns)
    return found


def to_q(loaded: LoadedCheckpoint) -> Tensor:
    return loaded.unet.get_parameter("middle_block.1.transformer_blocks.0.attn1.to_q.weight")


def test_the_one_not_used_longest_goes(records: dict[str, ModelRecord]) -> None:
    """Where a further checkpoint would not fit, that goes which has rested longest."""
    load = Loader()
    size = Loader()(records["a"]).bytes
    residency = Residency(load, budget_bytes=2 * size + records["a"].bytes // 2)
    for name in "abacab":
        residency.get(Network(records[name]))
    assert load.loaded == ["a", "b", "c", "b"]


def test_another_set_of_adapters_is_no_other_checkpoint(
    records: dict[str, ModelRecord], tmp_path: Path
) -> None:
    """Adapters come and go on the checkpoint in memory; without them it is as it was."""
    load = Loader()
    residency = Residency(load, 10**10)
    adapter = Adapter(write_adapter(tmp_path / "l.safetensors", lora_parts(LAYER, 64, 64)))
    plain = residency.get(Network(records["a"]))
    before = to_q(plain)
    worn = residency.get(Network(records["a"], (adapter,)))
    assert worn is plain
    assert not torch.equal(to_q(worn), before)
    assert torch.equal(to_q(residency.get(Network(records["a"]))), before)
    assert load.loaded == ["a"]


def test_a_bad_adapter_spoils_nothing(records: dict[str, ModelRecord], tmp_path: Path) -> None:
    """A LoRA that cannot be used is an error each time, and the checkpoint goes on without."""
    residency = Residency(Loader(), 10**10)
    bad = Adapter(write_adapter(tmp_path / "bad.safetensors", lora_parts("lora_te9_x", 4, 4)))
    before = to_q(residency.get(Network(records["a"])))
    for _ in range(2):
        with pytest.raises(ModelError, match="bad"):
            residency.get(Network(records["a"], (bad,)))
    assert torch.equal(to_q(residency.get(Network(records["a"]))), before)


def test_a_replaced_lora_is_read_anew(records: dict[str, ModelRecord], tmp_path: Path) -> None:
    """A record of another modification time is another file."""
    residency = Residency(Loader(), 10**10)
    path = tmp_path / "l.safetensors"
    first = write_adapter(path, lora_parts(LAYER, 64, 64))
    old = to_q(residency.get(Network(records["a"], (Adapter(first),)))).clone()
    path.unlink()
    second = write_adapter(path, lora_parts(LAYER, 64, 64, rank=2))
    newer = Adapter(replace(second, modified=first.modified + 1))
    assert not torch.equal(to_q(residency.get(Network(records["a"], (newer,)))), old)


def test_what_is_in_place(records: dict[str, ModelRecord], tmp_path: Path) -> None:
    """Ready is a network whose U-Net wears just what is asked for; loaded it is there."""
    residency = Residency(Loader(), 10**10)
    adapter = Adapter(write_adapter(tmp_path / "l.safetensors", lora_parts(LAYER, 64, 64)))
    plain, worn = Network(records["a"]), Network(records["a"], (adapter,))
    assert not residency.has(plain)
    residency.get(worn)
    assert residency.has(plain)
    assert residency.is_ready(worn)
    assert not residency.is_ready(plain)
    assert residency.loads == 1
    assert residency.load_seconds > 0
    assert residency.names == (records["a"].path.stem,)
