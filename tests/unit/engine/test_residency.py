"""Which checkpoints stay in memory."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.fakes.adapters import lora_parts, noise, write_adapter
from tests.fakes.checkpoints import write_tiny_checkpoint

from tintype.core.models import EmbeddingRecord, ModelRecord
from tintype.core.orders import Adapter, Network
from tintype.engine import Checkpoints, Residency
from tintype.errors import ModelError
from tintype.networks import LoadedCheckpoint, load_checkpoint

LAYER = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"


class Loader:
    """Loads checkpoints and remembers which."""

    def __init__(self) -> None:
        self.loaded: list[str] = []

    def __call__(self, record: ModelRecord) -> LoadedCheckpoint:
        self.loaded.append(record.name)
        return load_checkpoint(record.path, None, torch.device("cpu"), torch.float32)


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


def test_the_one_not_used_longest_goes(records: dict[str, ModelRecord]) -> None:
    """Where a further checkpoint would not fit, that goes which has rested longest."""
    load = Loader()
    size = Loader()(records["a"]).bytes
    residency = Residency(Checkpoints(load, budget_bytes=2 * size + records["a"].bytes // 2))
    for name in "abacab":
        residency.get(Network(records[name]))
    assert load.loaded == ["a", "b", "c", "b"]


def test_another_set_of_adapters_is_no_other_checkpoint(
    records: dict[str, ModelRecord], tmp_path: Path
) -> None:
    """Whatever adapters a network has, it is ready as soon as its checkpoint is in memory."""
    load = Loader()
    residency = Residency(Checkpoints(load, 10**10))
    adapter = Adapter(write_adapter(tmp_path / "l.safetensors", lora_parts(LAYER, 64, 64)))
    plain, worn = Network(records["a"]), Network(records["a"], (adapter,))
    assert not residency.has(worn)
    assert residency.get(plain) is residency.get(worn)
    assert residency.has(worn)
    assert load.loaded == ["a"]


def test_a_replaced_lora_is_read_anew(tmp_path: Path) -> None:
    """A record of another modification time is another file."""
    residency = Residency(Checkpoints(Loader(), 10**10))
    path = tmp_path / "l.safetensors"
    record = write_adapter(path, lora_parts(LAYER, 64, 64))
    first = residency.adapter(record)
    assert residency.adapter(record) is first
    path.unlink()
    write_adapter(path, lora_parts(LAYER, 64, 64, rank=2))
    newer = residency.adapter(replace(record, modified=record.modified + 1))
    assert newer.layers[LAYER]["lora_up.weight"].shape == (64, 2)


def test_words_in_a_lora(tmp_path: Path) -> None:
    """An embedding that a LoRA brings along is read from its file, by its name there."""
    parts = {
        "bundle_emb.wide.clip_l": noise(2, 8),
        "bundle_emb.wide.clip_g": noise(2, 12),
        "bundle_emb.one.string_to_param.*": noise(3, 8),
    }
    lora = write_adapter(tmp_path / "l.safetensors", lora_parts(LAYER, 64, 64) | parts)
    residency = Residency(Checkpoints(Loader(), 10**10))
    assert residency.adapter(lora).layers.keys() == {LAYER}
    record = EmbeddingRecord("wide", lora.path, 1, 2, (), is_bundled=True)
    wide = residency.embedding(record)
    assert torch.equal(wide.vectors("clip_g", 12), parts["bundle_emb.wide.clip_g"])
    one = residency.embedding(replace(record, name="one"))
    assert torch.equal(one.vectors("clip_l", 8), parts["bundle_emb.one.string_to_param.*"])
    with pytest.raises(ModelError, match="no embedding other"):
        residency.embedding(replace(record, name="other"))


def test_what_is_in_place(records: dict[str, ModelRecord]) -> None:
    """What was loaded is counted, timed and named."""
    residency = Residency(Checkpoints(Loader(), 10**10))
    assert not residency.has(Network(records["a"]))
    residency.get(Network(records["a"]))
    assert residency.has(Network(records["a"]))
    assert residency.loads == 1
    assert residency.load_seconds > 0
    assert residency.names == (records["a"].path.stem,)
