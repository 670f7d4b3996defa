"""Which checkpoints are in memory, where, and which are on their way."""

import threading
from pathlib import Path

import pytest
import torch
from tests.fakes.checkpoints import write_tiny_checkpoint, write_torn_checkpoint
from tests.fakes.memory import live_bytes
from tests.fakes.waiting import until
from torch import Tensor

from tintype.core.models import ModelRecord
from tintype.engine.checkpoints import Checkpoints
from tintype.errors import ModelError
from tintype.networks import LoadedCheckpoint, bytes_by_part, load_checkpoint

ROOM = 10**10


class Loader:
    """Loads checkpoints, and remembers which and in which thread."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.threads: list[str] = []

    def __call__(self, record: ModelRecord) -> LoadedCheckpoint:
        self.threads.append(threading.current_thread().name)
        found = load_checkpoint(record.path, None, torch.device("cpu"), torch.float32)
        self.loaded.append(record.stem)
        return found


def recorded(path: Path) -> ModelRecord:
    status = path.stat()
    return ModelRecord(path.name, path, status.st_size, status.st_mtime_ns)


def weight_of(record: ModelRecord) -> int:
    return sum(bytes_by_part(record.path, torch.float32).values())


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelRecord]:
    """Three tiny checkpoints."""
    folder = tmp_path_factory.mktemp("models")
    return {
        name: recorded(write_tiny_checkpoint(folder / f"{name}.safetensors", seed))
        for seed, name in enumerate("abc")
    }


def first_weight(loaded: LoadedCheckpoint) -> Tensor:
    return loaded.unet.get_parameter("input_blocks.0.0.weight").clone()


def test_what_leaves_the_device_rests_in_ram(records: dict[str, ModelRecord]) -> None:
    """Two checkpoints of which one fits on the device take turns there and are read once each."""
    load = Loader()
    held = Checkpoints(load, weight_of(records["a"]), ROOM, weight_of)
    weights = {name: first_weight(held.get(records[name])) for name in "ab"}
    for name in "abba":
        assert torch.equal(first_weight(held.get(records[name])), weights[name])
        assert held.names == (name,)
    assert load.loaded == ["a", "b"]


def test_a_full_shelf_drops_the_one_not_used_longest(records: dict[str, ModelRecord]) -> None:
    """RAM beside the device is bounded, too: what rested longest is read again."""
    load, size = Loader(), weight_of(records["a"])
    held = Checkpoints(load, size, size + size // 2, weight_of)
    for name in "abcb":
        held.get(records[name])
    assert load.loaded == ["a", "b", "c"]
    held.get(records["a"])
    assert load.loaded == ["a", "b", "c", "a"]


def test_what_is_prefetched_is_read_once(records: dict[str, ModelRecord]) -> None:
    """A checkpoint read beside the work is the one that is used, and nobody waits twice."""
    load, beside = Loader(), Loader()
    held = Checkpoints(load, ROOM, 0, weight_of, beside)
    held.get(records["a"])
    held.prefetch(records["b"])
    held.prefetch(records["b"])
    until(lambda: beside.loaded == ["b"])
    held.get(records["b"])
    held.get(records["b"])
    assert (load.loaded, beside.loaded, held.loads) == (["a"], ["b"], 2)
    assert beside.threads != load.threads


def test_prefetching_drives_nobody_out(records: dict[str, ModelRecord]) -> None:
    """Where there is no room beside those in memory, a checkpoint waits until it is asked for."""
    load = Loader()
    held = Checkpoints(load, weight_of(records["a"]), 0, weight_of)
    held.get(records["a"])
    held.prefetch(records["b"])
    held.get(records["b"])
    assert set(load.threads) == {threading.current_thread().name}


def test_what_nobody_asks_for_is_the_first_to_go(records: dict[str, ModelRecord]) -> None:
    """A checkpoint that was read for a job since cancelled makes room for the next one."""
    load, beside, size = Loader(), Loader(), weight_of(records["a"])
    held = Checkpoints(load, 2 * size + size // 2, 0, weight_of, beside)
    held.get(records["a"])

    def has_come() -> bool:
        held.prefetch(records["b"])
        return "b" in held.names

    until(has_come)
    for name in "cac":
        held.get(records[name])
    assert held.names == ("a", "c")
    assert load.loaded == ["a", "c"]


def test_a_failed_prefetch_fails_who_asks(records: dict[str, ModelRecord], tmp_path: Path) -> None:
    """A torn file troubles nobody before it is asked for; then it is an error each time."""
    held = Checkpoints(Loader(), ROOM)
    torn = recorded(write_torn_checkpoint(tmp_path / "torn.safetensors"))
    held.prefetch(torn)
    held.get(records["a"])
    for _ in range(2):
        with pytest.raises(ModelError, match="torn"):
            held.get(torn)
    assert held.names == ("a",)


def test_unloading_keeps_what_ram_holds(records: dict[str, ModelRecord]) -> None:
    """After unloading nothing is on the device; what rests beside it need not be read again."""
    load = Loader()
    held = Checkpoints(load, ROOM, ROOM)
    held.get(records["a"])
    held.unload()
    assert (held.names, held.bytes) == ((), 0)
    held.get(records["a"])
    assert load.loaded == ["a"]


def test_without_a_device_of_its_own_unloading_frees(records: dict[str, ModelRecord]) -> None:
    """Where RAM is the device, unloading gives the memory back."""
    load = Loader()
    held = Checkpoints(load, ROOM)
    held.get(records["a"])
    held.unload()
    held.get(records["a"])
    assert load.loaded == ["a", "a"]


def test_switching_leaves_nothing_behind(records: dict[str, ModelRecord]) -> None:
    """Twenty switches with room for one checkpoint hold no more memory than the first two."""
    held = Checkpoints(Loader(), weight_of(records["a"]), 0, weight_of)
    for name in "ab":
        held.get(records[name])
    before = live_bytes()
    for _ in range(10):
        for name in "ab":
            held.get(records[name])
    assert live_bytes() == before
