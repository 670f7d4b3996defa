"""LoRAs on the layers of a checkpoint, whose weights stay as they are."""

import gc
import weakref
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import torch
from tests.fakes.adapters import lora_parts, noise, tiny_adapter, write_adapter
from tests.fakes.checkpoints import write_lora, write_tiny_checkpoint
from torch import Tensor, nn

from tintype.core.models import AdapterRecord
from tintype.core.orders import Adapter
from tintype.core.settings import Lodging
from tintype.errors import ModelError
from tintype.networks import (
    AdapterFile,
    Family,
    LoadedCheckpoint,
    Outfit,
    load_checkpoint,
    read_adapter,
)
from tintype.networks.kept import IN_USE_PASSES
from tintype.networks.wardrobe import Wardrobe
from tintype.networks.wearing import NOTHING, Changed, Wearable, bytes_of, wearing

CPU = torch.device("cpu")
TO_Q = "middle_block.1.transformer_blocks.0.attn1.to_q"
LAYER = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
FC1 = "lora_te_text_model_encoder_layers_0_mlp_fc1"
X = torch.randn(5, 64, generator=torch.Generator().manual_seed(3))
LODGINGS: tuple[Lodging, ...] = ("resident", "parts", "streamed")
FACTORS_BYTES = 4 * (64 * 4 + 4 * 64)  # of `lora_parts` of the layer, in float32


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny checkpoint of each family that these tests use."""
    folder = tmp_path_factory.mktemp("checkpoints")
    families: tuple[Family, ...] = ("sd1", "sd2")
    return {f: write_tiny_checkpoint(folder / f"{f}.safetensors", family=f) for f in families}


@pytest.fixture
def sd1(files: dict[str, Path]) -> LoadedCheckpoint:
    """Its U-Net and text encoder in float32."""
    return load_checkpoint(files["sd1"], None, CPU, torch.float32)


@pytest.fixture
def half(files: dict[str, Path]) -> LoadedCheckpoint:
    """The same in float16, mapped from the file."""
    return load_checkpoint(files["sd1"], None, CPU, torch.float16)


@pytest.fixture
def sd2(files: dict[str, Path]) -> LoadedCheckpoint:
    """A checkpoint with OpenCLIP's text encoder."""
    return load_checkpoint(files["sd2"], None, CPU, torch.float32)


def read(record: AdapterRecord) -> AdapterFile:
    return read_adapter(record.path, record.modified)


def never_read(record: AdapterRecord) -> AdapterFile:
    raise AssertionError(f"{record.name} was read")


def lora(
    path: Path, parts: Mapping[str, Tensor], text_scale: float = 1.0, unet_scale: float = 1.0
) -> Adapter:
    """A LoRA of these tensors, on disk."""
    return Adapter(write_adapter(path, parts), text_scale, unet_scale)


def outfit(loaded: LoadedCheckpoint, *adapters: Adapter) -> Outfit:
    return loaded.outfits([adapters], read)[0]


def on_layer(network: nn.Module, path: str, outfit: Outfit, x: Tensor) -> Tensor:
    """What a layer answers to an input by somebody who wears that."""
    with wearing([outfit]):
        return network.get_submodule(path)(x)


def added(loaded: LoadedCheckpoint, *adapters: Adapter) -> Tensor:
    """What adapters add to the answer of one layer of the U-Net."""
    layer = loaded.unet.get_submodule(TO_Q)
    return on_layer(loaded.unet, TO_Q, outfit(loaded, *adapters), X) - layer(X)


def delta(parts: Mapping[str, Tensor], layer: str) -> Tensor:
    """The change of `lora_parts`, whose alpha is half its rank."""
    return 0.5 * parts[f"{layer}.lora_up.weight"] @ parts[f"{layer}.lora_down.weight"]


def close(a: Tensor, b: Tensor) -> bool:
    return torch.allclose(a, b, atol=1e-5, rtol=1e-5)


def test_scales_for_text_and_unet(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """A LoRA is worn by text encoder and U-Net, each at its own scale."""
    parts = lora_parts(LAYER, 64, 64) | lora_parts(FC1, 64, 32)
    adapter = lora(tmp_path / "a.safetensors", parts, text_scale=0.25, unet_scale=-2.0)
    assert close(added(sd1, adapter), -2 * X @ delta(parts, LAYER).T)
    path, x = "clip.text_model.encoder.layers.0.mlp.fc1", X[:, :32]
    found = on_layer(sd1.text, path, sd1.text_outfit((adapter,), read), x)
    assert close(found - sd1.text.get_submodule(path)(x), 0.25 * x @ delta(parts, FC1).T)


def test_no_weight_ever_changes(tmp_path: Path, half: LoadedCheckpoint) -> None:
    """Whatever is worn, every weight stays the tensor it was, with the bits it had."""
    networks = (half.unet, half.text)
    weights = [p for n in networks for p in n.parameters()]
    before = [p.clone() for p in weights]
    proj = "lora_unet_mid_block_attentions_0_proj_in"
    parts = lora_parts(LAYER, 64, 64) | {f"{proj}.diff": noise(64, 64, 1, 1)}
    adapter = lora(tmp_path / "a.safetensors", parts | lora_parts(FC1, 64, 32))
    worn = outfit(half, adapter, adapter)
    half.text_outfit((adapter,), read)
    with wearing([worn, worn, NOTHING]):
        half.unet(noise(3, 4, 8, 8).half(), torch.ones(3), noise(3, 77, 32).half())
    after = [p for n in networks for p in n.parameters()]
    assert all(a is b for a, b in zip(weights, after, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_order_and_rounding(tmp_path: Path, half: LoadedCheckpoint) -> None:
    """Changes to a weight are added one after another, each sum rounded to its precision."""
    proj = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
    first, second = (noise(64, 64, seed=seed) for seed in (1, 2))
    adapters = [
        lora(tmp_path / f"{n}.safetensors", {f"{proj}.diff": diff}, unet_scale=0.3)
        for n, diff in enumerate((first, second))
    ]
    weight = half.unet.get_parameter(f"{TO_Q}.weight")
    expected = weight + first.half() * 0.3 + second.half() * 0.3
    piece = outfit(half, *adapters).pieces[cast(Wearable, half.unet.get_submodule(TO_Q))]
    assert isinstance(piece, Changed)
    assert torch.equal(piece.weight, expected)


def test_a_set_is_made_once(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """What was worn lately is neither read nor made again, whatever the text encoders wear."""
    adapter = lora(tmp_path / "a.safetensors", lora_parts(LAYER, 64, 64))
    first = outfit(sd1, adapter)
    again = sd1.outfits([(adapter,), (replace(adapter, text_scale=0.1),)], never_read)
    assert again == [first, first]
    assert sd1.outfits([(replace(adapter, unet_scale=0.0),), ()], never_read) == [NOTHING] * 2


def test_sets_share_their_files(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """One file at two scales has its matrices in memory once."""
    adapter = lora(tmp_path / "a.safetensors", lora_parts(LAYER, 64, 64))
    some = [outfit(sd1, replace(adapter, unet_scale=scale)) for scale in (1.0, 0.5)]
    assert bytes_of(some) == bytes_of(some[:1]) > 0


def test_a_whole_difference_changes_the_bias(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """A difference of a bias is added at the adapter's scale."""
    layer = "lora_unet_mid_block_attentions_0_proj_in"
    parts = {f"{layer}.diff": torch.zeros(64, 64, 1, 1), f"{layer}.diff_b": noise(64, seed=2)}
    adapter = lora(tmp_path / "a.safetensors", parts, unet_scale=0.5)
    x, path = noise(1, 64, 3, 3), "middle_block.1.proj_in"
    found = on_layer(sd1.unet, path, outfit(sd1, adapter), x) - sd1.unet.get_submodule(path)(x)
    assert close(found, 0.5 * parts[f"{layer}.diff_b"][:, None, None].expand_as(found))


def open_clip_parts(*names: str) -> dict[str, Tensor]:
    parts: dict[str, Tensor] = {}
    for name in names:
        parts |= lora_parts(f"lora_te_text_model_encoder_layers_0_self_attn_{name}_proj", 32, 32)
    return parts


def test_incomplete_attention_of_sd2_is_left_out(tmp_path: Path, sd2: LoadedCheckpoint) -> None:
    """A file without all four attention layers leaves the stacked weight alone, as in A1111."""
    stacked = cast(Wearable, sd2.text.get_submodule("open_clip.transformer.resblocks.0.attn"))
    for names, is_worn in (("qkvx", False), (("q", "k", "v", "out"), True)):
        parts = open_clip_parts(*names) | lora_parts(FC1, 64, 32)
        adapter = lora(tmp_path / f"{is_worn}.safetensors", parts)
        assert (stacked in sd2.text_outfit((adapter,), read).pieces) == is_worn


def test_layers_of_other_networks_are_ignored(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """Keys that name nothing here, and layers of another size, leave the rest to work."""
    parts = lora_parts(LAYER, 64, 64) | lora_parts("lora_te3_what", 4, 4)
    parts |= lora_parts("lora_unet_down_blocks_0_resnets_0_conv1", 7, 7, kernel=3)
    assert len(outfit(sd1, lora(tmp_path / "a.safetensors", parts)).pieces) == 1


@pytest.mark.parametrize(
    ("layer", "size", "words"),
    [
        ("lora_te3_what", 4, "names no layer of Stable Diffusion 1.*lora_te3_what"),
        (LAYER, 128, "has other sizes than Stable Diffusion 1"),
    ],
)
def test_a_lora_for_something_else(
    tmp_path: Path, sd1: LoadedCheckpoint, layer: str, size: int, words: str
) -> None:
    """A LoRA that fits nowhere is refused by name, each time, and others are not."""
    good = lora(tmp_path / "good.safetensors", lora_parts(LAYER, 64, 64))
    bad = lora(tmp_path / "bad.safetensors", lora_parts(layer, size, size))
    for _ in range(2):
        with pytest.raises(ModelError, match=rf"bad\.safetensors cannot be used.*{words}"):
            outfit(sd1, good, bad)
    assert outfit(sd1, good).pieces


def test_a_hundred_loras_leak_nothing(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """After a hundred LoRAs only those worn last are in memory, as much as the bound allows."""
    wardrobe = Wardrobe(sd1.unet, sd1.text, "SD", budget_bytes=4 * FACTORS_BYTES)
    parts = lora_parts(LAYER, 64, 64)
    held: list[weakref.ref[Outfit]] = []
    for number in range(100):
        adapter = lora(tmp_path / f"{number}.safetensors", parts)
        held.append(weakref.ref(wardrobe.for_unet([(adapter,)], read)[0]))
    for _ in range(IN_USE_PASSES):
        wardrobe.for_unet([()], never_read)
    gc.collect()
    assert [ref() is not None for ref in held] == [False] * 96 + [True] * 4
    assert wardrobe.bytes == 4 * FACTORS_BYTES
    wardrobe.clear()
    gc.collect()
    assert not any(ref() for ref in held)


def test_pictures_under_way_keep_theirs(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """However small the bound, what is worn in every pass is never made again."""
    wardrobe = Wardrobe(sd1.unet, sd1.text, "SD", budget_bytes=1)
    sets = [
        (lora(tmp_path / f"{number}.safetensors", lora_parts(LAYER, 64, 64)),)
        for number in range(5)
    ]
    wardrobe.for_unet(sets, read)
    for _ in range(2 * IN_USE_PASSES):
        wardrobe.for_unet(sets, never_read)


def test_weights_that_come_and_go(tmp_path: Path, files: dict[str, Path]) -> None:
    """Where weights lie in RAM in half precision and come stage by stage, LoRAs do as ever."""
    adapters = tuple(tiny_adapter(tmp_path, kind, n) for n, kind in enumerate(("lora", "loha")))
    found: list[Tensor] = []
    for lodging in LODGINGS:
        loaded = load_checkpoint(files["sd1"], None, CPU, torch.float32, lodging=lodging)
        loaded.use("unet")
        outfits = loaded.outfits([adapters[:1], (), adapters[1:]], read)
        keys = [loaded.text_keys(noise(77, 32), outfit) for outfit in outfits]
        found.append(loaded.denoise(noise(3, 4, 8, 8), [2.0] * 3, keys, outfits=outfits))
    for other in found[1:]:
        assert torch.allclose(other[1], found[0][1], atol=1e-5)
        assert torch.allclose(other, found[0], atol=5e-3)  # what is worn was rounded to half
    assert (found[0][[0, 2]] - found[0][1]).abs().amax(dim=(1, 2, 3)).min() > 0.1


def test_pickled_loras(tmp_path: Path) -> None:
    """A LoRA may be a pickle of plain tensors, under `state_dict` or not."""
    parts = lora_parts(LAYER, 64, 64)
    for name, content in (("a.pt", parts), ("b.ckpt", {"state_dict": parts, "epoch": 3})):
        torch.save(content, tmp_path / name)
        layers = read_adapter(tmp_path / name).layers
        up = layers[LAYER]["lora_up.weight"]
        assert torch.equal(up, parts[f"{LAYER}.lora_up.weight"])


class Evil:
    """Would run code where pickles may."""

    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit('pwned')",))


def test_pickles_run_nothing(tmp_path: Path) -> None:
    """A pickle with code in it is refused and its code not run."""
    torch.save({"x": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(ModelError, match=r"evil\.pt: .* was not run"):
        read_adapter(tmp_path / "evil.pt")


@pytest.mark.parametrize("content", [b"", b"not a model", b"PK\x03\x04 torn"])
@pytest.mark.parametrize("name", ["a.safetensors", "a.pt"])
def test_torn_files(tmp_path: Path, name: str, content: bytes) -> None:
    """A file that is none is refused by name."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=name):
        read_adapter(tmp_path / name)


def test_missing_and_empty_files(tmp_path: Path) -> None:
    """A file that is gone, or names no layers, is refused by name."""
    with pytest.raises(ModelError, match="no such file"):
        read_adapter(tmp_path / "gone.safetensors")
    record = write_adapter(tmp_path / "none.safetensors", {"emb_params": noise(2, 2)})
    with pytest.raises(ModelError, match=r"none\.safetensors is no LoRA"):
        read_adapter(record.path)


def test_other_names_of_the_halves(tmp_path: Path) -> None:
    """Newer trainers call the halves lora_A and lora_B."""
    path = write_lora(tmp_path / "old.safetensors")
    up, down = noise(64, 4), noise(4, 64)
    new = {f"{LAYER}.lora_B.weight": up, f"{LAYER}.lora_A.weight": down}
    assert read_adapter(path).layers.keys() != {LAYER}
    layers = read_adapter(write_adapter(tmp_path / "new.safetensors", new).path).layers
    assert torch.equal(layers[LAYER]["lora_up.weight"], up)
