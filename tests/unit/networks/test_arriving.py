"""Networks that compute while their weights are still on disk."""

import os
import weakref
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from tests.fakes.adapters import tiny_adapter
from tests.fakes.checkpoints import write_tiny_checkpoint
from tests.fakes.memory import live_bytes, no_collector
from torch import Tensor

from tintype.core.models import AdapterRecord
from tintype.errors import ModelError
from tintype.networks import (
    AdapterFile,
    LoadedCheckpoint,
    bytes_by_part,
    load_checkpoint,
    read_adapter,
)
from tintype.networks.stages import Stage

CPU = torch.device("cpu")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A tiny checkpoint in half precision."""
    return write_tiny_checkpoint(tmp_path / "tiny.safetensors", dtype=torch.float16)


def load(path: Path, *, at_once: bool = False) -> LoadedCheckpoint:
    return load_checkpoint(path, None, CPU, torch.float32, at_once=at_once)


@torch.inference_mode()
def denoised(model: LoadedCheckpoint, passes: int = 1) -> Tensor:
    """What becomes of noise in some passes."""
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    context, _ = model.encode_text(torch.full((2, 77), 5), 1)
    keys = [model.text_keys(row) for row in context]
    for _ in range(passes):
        x = model.denoise(x, [5.0, 1.0], keys)
    return x


def settle(model: LoadedCheckpoint) -> None:
    while not model.is_settled:
        model.settle()


def test_weights_on_their_way_compute_as_others_do(file: Path) -> None:
    """The first pass, the second and the one after that have the bits of weights in memory."""
    there, arriving = load(file, at_once=True), load(file)
    assert not arriving.is_settled
    for passes in (1, 1, 1, 2):
        assert torch.equal(denoised(arriving, passes), denoised(there, passes))


def test_the_first_pass_takes_little_memory(file: Path) -> None:
    """Until its second pass a stage has no memory of its own."""
    before = live_bytes()
    arriving = load(file)
    denoised(arriving)
    once = live_bytes() - before
    denoised(arriving)
    whole = live_bytes() - before
    assert whole - once > bytes_by_part(file, torch.float32)["unet"] // 3


def test_everything_comes_when_there_is_time(file: Path) -> None:
    """Afterwards stages are entered without ado, and the file is closed."""
    arriving = load(file)
    assert str(file) in open_files()
    settle(arriving)
    for network in (arriving.unet, arriving.text, arriving.autoencoder.vae):
        stages = [m for m in network.modules() if isinstance(m, Stage)]
        assert stages
        assert all(stage.presence is nullcontext for stage in stages)
        assert not any(weight.is_meta for weight in network.parameters())
    assert str(file) not in open_files()
    assert torch.equal(denoised(arriving), denoised(load(file, at_once=True)))


def test_weights_nobody_waits_for_any_more(file: Path) -> None:
    """A checkpoint that is dropped on its way gives back its memory and the file at once."""
    arriving = load(file)
    denoised(arriving)
    gone = weakref.ref(arriving.unet)
    with no_collector():
        del arriving
        assert gone() is None
        assert str(file) not in open_files()


def test_two_passes_bring_everything_too(file: Path) -> None:
    """There is nothing left to do then but to notice."""
    arriving = load(file)
    with torch.inference_mode():
        for _ in range(2):
            denoised(arriving)
            arriving.autoencoder.decode(torch.zeros(1, 4, 8, 8))
            arriving.autoencoder.encode_pixels(torch.zeros(1, 3, 64, 64))
    assert arriving.is_settled
    assert str(file) not in open_files()


def replaced(file: Path) -> None:
    other = write_tiny_checkpoint(file.with_name("other.safetensors"), dtype=torch.float32)
    other.rename(file)


@pytest.mark.parametrize("happens", [Path.unlink, replaced], ids=["deleted", "replaced"])
def test_the_file_is_held_by_its_handle(file: Path, happens: Callable[[Path], None]) -> None:
    """Another file under its name is none of our business, and neither is none."""
    wanted, arriving = denoised(load(file, at_once=True)), load(file)
    happens(file)
    assert torch.equal(denoised(arriving), wanted)
    settle(arriving)
    assert torch.equal(denoised(arriving), wanted)


def test_a_file_cut_short_is_an_error_in_words(file: Path) -> None:
    """Neither a pass nor the filling of idle time ends in anything worse."""
    arriving = load(file)
    os.truncate(file, file.stat().st_size // 2)
    with pytest.raises(ModelError, match=r"torn|written to"):
        denoised(arriving)
    with pytest.raises(ModelError, match=r"torn|written to"):
        settle(arriving)


@pytest.mark.parametrize("kind", ["lora", "loha"])
def test_what_is_worn_waits_for_the_weights(file: Path, kind: str, tmp_path: Path) -> None:
    """Clothes that are made of a layer's own weights are made when these are there."""
    adapter = tiny_adapter(tmp_path, kind, seed=1)

    def read(record: AdapterRecord) -> AdapterFile:
        return read_adapter(record.path, record.modified)

    with torch.inference_mode():
        found = [
            model.outfits([(adapter,)], read)[0].pieces
            for model in (load(file), load(file, at_once=True))
        ]
    assert len(found[0]) == len(found[1]) > 0


def open_files() -> set[str]:
    """Where the handles of this process lead."""
    handles = Path("/proc/self/fd").iterdir()
    return {os.readlink(handle) for handle in handles if handle.is_symlink()}
