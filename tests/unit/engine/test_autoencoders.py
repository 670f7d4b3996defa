"""Autoencoders from files of their own, in the place of a checkpoint's."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from tests.fakes.checkpoints import save_tensors, tiny_tensors, write_tiny_checkpoint
from tests.fakes.plans import record_of
from torch import Tensor

from tintype.core.families import VAE_PREFIX
from tintype.core.models import ModelRecord, VaeRecord
from tintype.core.orders import (
    Decode,
    EncodePixels,
    Glance,
    Network,
    Order,
)
from tintype.engine import Checkpoints, Passes, Residency
from tintype.engine.autoencoders import Autoencoders
from tintype.errors import ModelError
from tintype.networks import Autoencoder, LoadedCheckpoint, load_autoencoder, load_checkpoint

LATENT = torch.randn(4, 4, 4, generator=torch.Generator().manual_seed(1))
PIXELS = torch.rand(3, 32, 32, generator=torch.Generator().manual_seed(2)) * 2 - 1


@pytest.fixture(autouse=True)
def _no_gradients() -> Generator[None]:
    with torch.inference_mode():
        yield


def write_vae(path: Path, seed: int) -> VaeRecord:
    """The autoencoder of the tiny checkpoint of a seed."""
    tensors = tiny_tensors(seed)
    own = {k.removeprefix(VAE_PREFIX): v for k, v in tensors.items() if k.startswith(VAE_PREFIX)}
    status = save_tensors(own, path).stat()
    return VaeRecord(path.name, path, status.st_size, status.st_mtime_ns)


def load(record: ModelRecord) -> LoadedCheckpoint:
    return load_checkpoint(record.path, None, torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> ModelRecord:
    """The tiny checkpoint of seed 0."""
    path = tmp_path_factory.mktemp("models") / "tiny.safetensors"
    return record_of(write_tiny_checkpoint(path))


@pytest.fixture(scope="module")
def other(checkpoint: ModelRecord) -> ModelRecord:
    """That of seed 5."""
    return record_of(write_tiny_checkpoint(checkpoint.path.with_name("other.safetensors"), 5))


@pytest.fixture
def residency() -> Residency:
    """Room for all of them."""
    return Residency(Checkpoints(load, 10**10))


def answer(residency: Residency, order: Order) -> Tensor:
    return cast("list[Tensor]", Passes(residency).run([order]))[0]


def test_it_stands_in_its_place(
    checkpoint: ModelRecord, other: ModelRecord, residency: Residency, tmp_path: Path
) -> None:
    """Pictures, latents and previews are those of the checkpoint the autoencoder is from."""
    changed = Network(checkpoint, vae=write_vae(tmp_path / "vae.safetensors", seed=5))
    asked: list[tuple[Order, Order, Order]] = [
        (Decode(n, LATENT), EncodePixels(n, PIXELS), Glance(n, LATENT))
        for n in (Network(checkpoint), changed, Network(other))
    ]
    plain, replaced, others = ([answer(residency, order) for order in row] for row in asked)
    for one, two, three in zip(plain, replaced, others, strict=True):
        assert torch.equal(two, three)
        assert not torch.equal(one, two)


def test_its_own_in_a_file_changes_nothing(
    checkpoint: ModelRecord, residency: Residency, tmp_path: Path
) -> None:
    """A checkpoint's own autoencoder, taken out, gives the same bits."""
    own = Network(checkpoint, vae=write_vae(tmp_path / "vae.safetensors", seed=0))
    for order in (Decode, Glance):
        plain = answer(residency, order(Network(checkpoint), LATENT))
        assert torch.equal(plain, answer(residency, order(own, LATENT)))


def test_tiling_is_each_ones_own(
    checkpoint: ModelRecord, residency: Residency, tmp_path: Path
) -> None:
    """Whether pictures tile is heard by an autoencoder of a file as by any other."""
    plain = Network(checkpoint, vae=write_vae(tmp_path / "vae.safetensors", seed=5))
    first = answer(residency, Decode(plain, LATENT))
    tiled = answer(residency, Decode(replace(plain, tiling=True), LATENT))
    assert not torch.equal(first, tiled)
    assert torch.equal(first, answer(residency, Decode(plain, LATENT)))


def test_a_bad_file_is_refused_by_name(
    checkpoint: ModelRecord, residency: Residency, tmp_path: Path
) -> None:
    """One that cannot be used fails its own pictures; the checkpoint's autoencoder is whole."""
    path = tmp_path / "bad.safetensors"
    path.write_bytes(b"no tensors")
    bad = Network(checkpoint, vae=VaeRecord(path.name, path, 10, 1))
    expected = answer(residency, Decode(Network(checkpoint), LATENT))
    with pytest.raises(ModelError, match=r"VAE bad\.safetensors"):
        answer(residency, Decode(bad, LATENT))
    assert torch.equal(expected, answer(residency, Decode(Network(checkpoint), LATENT)))


def test_what_is_told_of_memory(
    checkpoint: ModelRecord, residency: Residency, tmp_path: Path
) -> None:
    """Names and bytes tell what is there; after unloading nothing is."""
    network = Network(checkpoint, vae=write_vae(tmp_path / "vae.safetensors", seed=5))
    residency.for_pixels(replace(network, vae=None))
    alone, waited = residency.bytes, residency.waited_seconds
    residency.for_pixels(network)
    assert residency.vae_names == ("vae.safetensors",)
    assert residency.bytes == alone + residency.for_pixels(network).bytes
    assert residency.waited_seconds > waited
    residency.unload()
    assert (residency.names, residency.vae_names, residency.bytes) == ((), (), 0)
    residency.for_pixels(network)
    assert residency.vae_names == ("vae.safetensors",)


class Loader:
    """Loads autoencoders and remembers which."""

    def __init__(self) -> None:
        self.stems: list[str] = []

    def __call__(self, record: VaeRecord, own: Autoencoder) -> Autoencoder:
        self.stems.append(record.path.stem)
        return load_autoencoder(record.path, own.vae.config, own.device, own.dtype)


def test_the_one_not_used_longest_goes(checkpoint: ModelRecord, tmp_path: Path) -> None:
    """Within the bound they stay; beyond it that goes which has rested longest."""
    records = {
        name: write_vae(tmp_path / f"{name}.safetensors", seed) for seed, name in enumerate("abc")
    }
    own = load(checkpoint).autoencoder
    load_one = Loader()
    kept = Autoencoders(load_one, kept_bytes=2 * own.bytes)
    for name in "abacab":
        kept.get(records[name], own)
    assert load_one.stems == ["a", "b", "c", "b"]
    small = Autoencoders(load_one := Loader(), kept_bytes=1)
    for name in "aab":
        small.get(records[name], own)
    assert load_one.stems == ["a", "b"]


def test_a_file_that_was_replaced_is_read_again(checkpoint: ModelRecord, tmp_path: Path) -> None:
    """Another time of modification is another file."""
    record, load_one = write_vae(tmp_path / "a.safetensors", 1), Loader()
    own, kept = load(checkpoint).autoencoder, Autoencoders(load_one)
    for time in (1, 1, 2):
        kept.get(replace(record, modified=time), own)
    assert load_one.stems == ["a", "a"]


def test_one_copy_for_checkpoints_of_one_kind(
    checkpoint: ModelRecord, other: ModelRecord, tmp_path: Path
) -> None:
    """Checkpoints with the same kind of latents share it; those of another scale do not."""
    record, kept = write_vae(tmp_path / "a.safetensors", 1), Autoencoders()
    one, two = load(checkpoint).autoencoder, load(other).autoencoder
    assert kept.get(record, one) is kept.get(record, two)
    two.vae.config = replace(two.vae.config, scale=0.5)
    assert kept.get(record, one) is not kept.get(record, two)


def test_where_memory_is_short_it_leaves(checkpoint: ModelRecord, tmp_path: Path) -> None:
    """Beside a checkpoint whose weights come and go it is there only while pictures are decoded."""

    def load_short(record: ModelRecord) -> LoadedCheckpoint:
        return load_checkpoint(record.path, None, torch.device("cpu"), torch.float32, "parts")

    short, plenty = Residency(Checkpoints(load_short, 10**10)), Residency(Checkpoints(load, 10**10))
    network = Network(checkpoint, vae=write_vae(tmp_path / "vae.safetensors", seed=5))
    order = Decode(network, LATENT)
    assert torch.equal(answer(short, order), answer(plenty, order))
    assert short.vae_names == ("vae.safetensors",)
    for residency in (short, plenty):
        residency.for_unet(network)
    assert (short.vae_names, plenty.vae_names) == ((), ("vae.safetensors",))


def test_a_checkpoint_may_have_none_of_its_own(tmp_path: Path) -> None:
    """With one chosen for it, it paints as one that has it; without, words say what to do."""
    whole = tiny_tensors(1)
    rest = {name: t for name, t in whole.items() if not name.startswith(VAE_PREFIX)}
    bare = record_of(save_tensors(rest, tmp_path / "bare.safetensors"))
    full = record_of(save_tensors(whole, tmp_path / "full.safetensors"))
    vae = write_vae(tmp_path / "vae.safetensors", 1)
    passes = Passes(Residency(Checkpoints(load, 10**10)))
    (wanted,) = passes.run([Decode(Network(full), LATENT)])
    (found,) = passes.run([Decode(Network(bare, vae=vae), LATENT)])
    assert torch.equal(cast(Tensor, found), cast(Tensor, wanted))
    with pytest.raises(ModelError, match=r"bare\.safetensors has no autoencoder .* sd_vae"):
        passes.run([Decode(Network(bare), LATENT)])
