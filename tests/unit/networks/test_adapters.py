"""LoRAs put on a checkpoint and taken off again."""

from pathlib import Path

import pytest
import torch
from tests.fakes.adapters import lora_parts, noise, write_adapter
from tests.fakes.checkpoints import write_lora, write_tiny_checkpoint
from torch import Tensor, nn

from tintype.core.models import AdapterRecord
from tintype.core.orders import Adapter
from tintype.errors import ModelError
from tintype.networks import AdapterFile, Family, LoadedCheckpoint, read_adapter

CPU = torch.device("cpu")
TO_Q = "middle_block.1.transformer_blocks.0.attn1.to_q"
LAYER = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
FC1 = "lora_te_text_model_encoder_layers_0_mlp_fc1"


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
    return LoadedCheckpoint.load(files["sd1"], None, CPU, torch.float32)


@pytest.fixture
def half(files: dict[str, Path]) -> LoadedCheckpoint:
    """The same in float16, mapped from the file."""
    return LoadedCheckpoint.load(files["sd1"], None, CPU, torch.float16)


@pytest.fixture
def sd2(files: dict[str, Path]) -> LoadedCheckpoint:
    """A checkpoint with OpenCLIP's text encoder."""
    return LoadedCheckpoint.load(files["sd2"], None, CPU, torch.float32)


def read(record: AdapterRecord) -> AdapterFile:
    return read_adapter(record.path, record.modified)


def never_read(record: AdapterRecord) -> AdapterFile:
    raise AssertionError(f"{record.name} was read")


def weight_of(network: nn.Module, path: str) -> Tensor:
    return network.get_parameter(f"{path}.weight")


def delta(parts: dict[str, Tensor], layer: str) -> Tensor:
    """The change of `lora_parts`, whose alpha is half its rank."""
    return 0.5 * parts[f"{layer}.lora_up.weight"] @ parts[f"{layer}.lora_down.weight"]


def test_scales_for_text_and_unet(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """A LoRA changes text encoder and U-Net, each by its own scale."""
    parts = lora_parts(LAYER, 64, 64) | lora_parts(FC1, 64, 32)
    adapter = Adapter(write_adapter(tmp_path / "a.safetensors", parts), 0.25, -2.0)
    to_q, fc1 = (
        weight_of(sd1.unet, TO_Q),
        sd1.text.get_parameter("clip.text_model.encoder.layers.0.mlp.fc1.weight"),
    )
    sd1.wear_on_unet((adapter,), read)
    sd1.wear_on_text((adapter,), read)
    found = sd1.text.get_parameter("clip.text_model.encoder.layers.0.mlp.fc1.weight")
    assert torch.allclose(weight_of(sd1.unet, TO_Q), to_q - 2 * delta(parts, LAYER), atol=1e-5)
    assert torch.allclose(found, fc1 + 0.25 * delta(parts, FC1), atol=1e-5)


def test_taken_off_bit_by_bit(tmp_path: Path, half: LoadedCheckpoint) -> None:
    """Without adapters every weight is what it was, also after several and large ones."""
    networks = (half.unet, half.text)
    before = [p.clone() for n in networks for p in n.parameters()]
    conv = "lora_unet_down_blocks_0_resnets_0_conv1"
    parts = lora_parts(LAYER, 64, 64) | lora_parts(conv, 32, 32, kernel=3)
    parts |= lora_parts(FC1, 64, 32)
    adapter = Adapter(write_adapter(tmp_path / "a.safetensors", parts), 3.0, 1e4)
    for wanted in ((adapter, adapter), (adapter,), ()):
        half.wear_on_unet(wanted, read)
        half.wear_on_text(wanted, read)
        after = [p for n in networks for p in n.parameters()]
        changed = sum(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
        assert changed == (3 if wanted else 0)


def test_weights_in_the_file_stay_as_they_are(tmp_path: Path, half: LoadedCheckpoint) -> None:
    """Weights mapped from the checkpoint's file are replaced, not written to."""
    mapped = weight_of(half.unet, TO_Q)
    before = mapped.clone()
    adapter = Adapter(write_adapter(tmp_path / "a.safetensors", lora_parts(LAYER, 64, 64)))
    half.wear_on_unet((adapter,), read)
    assert torch.equal(mapped, before)
    half.wear_on_unet((), read)
    assert weight_of(half.unet, TO_Q).data_ptr() == mapped.data_ptr()


def test_order_and_rounding(tmp_path: Path, half: LoadedCheckpoint) -> None:
    """Adapters are added one after another, each sum rounded to the weight's precision."""
    first, second = lora_parts(LAYER, 64, 64), lora_parts(LAYER, 64, 64, rank=2)
    adapters = tuple(
        Adapter(write_adapter(tmp_path / f"{n}.safetensors", parts), unet_scale=0.3)
        for n, parts in enumerate((first, second))
    )
    expected = weight_of(half.unet, TO_Q)
    for parts in (first, second):
        up, down = (parts[f"{LAYER}.lora_{side}.weight"].half() for side in ("up", "down"))
        expected = expected + (up @ down) * 0.5 * 0.3
    half.wear_on_unet(adapters, read)
    assert torch.equal(weight_of(half.unet, TO_Q), expected)


def test_the_same_set_is_not_read_again(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """Asking for what is on already neither reads a file nor changes a weight."""
    adapter = Adapter(write_adapter(tmp_path / "a.safetensors", lora_parts(LAYER, 64, 64)))
    sd1.wear_on_unet((adapter,), read)
    before = weight_of(sd1.unet, TO_Q)
    sd1.wear_on_unet((adapter,), never_read)
    assert weight_of(sd1.unet, TO_Q) is before


def test_a_whole_difference_changes_the_bias(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """A difference of a bias is added at the adapter's scale."""
    layer = "lora_unet_mid_block_attentions_0_proj_in"
    parts = {f"{layer}.diff": noise(64, 64, 1, 1), f"{layer}.diff_b": noise(64, seed=2)}
    adapter = Adapter(write_adapter(tmp_path / "a.safetensors", parts), unet_scale=0.5)
    before = sd1.unet.get_parameter("middle_block.1.proj_in.bias")
    sd1.wear_on_unet((adapter,), read)
    after = sd1.unet.get_parameter("middle_block.1.proj_in.bias")
    assert torch.equal(after, before + 0.5 * parts[f"{layer}.diff_b"])


def open_clip_parts(*names: str) -> dict[str, Tensor]:
    parts: dict[str, Tensor] = {}
    for name in names:
        parts |= lora_parts(f"lora_te_text_model_encoder_layers_0_self_attn_{name}_proj", 32, 32)
    return parts


def test_stacked_attention_of_sd2(tmp_path: Path, sd2: LoadedCheckpoint) -> None:
    """OpenCLIP's stacked queries, keys and values get each its own part."""
    parts = open_clip_parts("q", "k", "v", "out")
    name = "open_clip.transformer.resblocks.0.attn.in_proj_weight"
    before = sd2.text.get_parameter(name)
    record = write_adapter(tmp_path / "a.safetensors", parts)
    sd2.wear_on_text((Adapter(record),), read)
    layers = [f"lora_te_text_model_encoder_layers_0_self_attn_{x}_proj" for x in "qkv"]
    expected = before + torch.cat([delta(parts, layer) for layer in layers])
    assert torch.allclose(sd2.text.get_parameter(name), expected, atol=1e-5)
    sd2.wear_on_text((), read)
    assert torch.equal(sd2.text.get_parameter(name), before)


def test_incomplete_attention_of_sd2_is_left_out(tmp_path: Path, sd2: LoadedCheckpoint) -> None:
    """A file without all four attention layers leaves the stacked weight alone, as in A1111."""
    parts = open_clip_parts("q", "k", "v") | lora_parts(FC1, 64, 32)
    name = "open_clip.transformer.resblocks.0.attn.in_proj_weight"
    before = sd2.text.get_parameter(name)
    adapter = Adapter(write_adapter(tmp_path / "a.safetensors", parts))
    sd2.wear_on_text((adapter,), read)
    assert sd2.text.get_parameter(name) is before


def test_layers_of_other_networks_are_ignored(tmp_path: Path, sd1: LoadedCheckpoint) -> None:
    """Keys that name nothing here, and layers of another size, leave the rest to work."""
    parts = lora_parts(LAYER, 64, 64) | lora_parts("lora_te3_what", 4, 4)
    parts |= lora_parts("lora_unet_down_blocks_0_resnets_0_conv1", 7, 7, kernel=3)
    adapter = Adapter(write_adapter(tmp_path / "a.safetensors", parts))
    before = weight_of(sd1.unet, TO_Q)
    sd1.wear_on_unet((adapter,), read)
    assert not torch.equal(weight_of(sd1.unet, TO_Q), before)


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
    """A LoRA that fits nowhere is refused by name, and nothing stays changed."""
    good = Adapter(write_adapter(tmp_path / "good.safetensors", lora_parts(LAYER, 64, 64)))
    bad = Adapter(write_adapter(tmp_path / "bad.safetensors", lora_parts(layer, size, size)))
    before = weight_of(sd1.unet, TO_Q)
    with pytest.raises(ModelError, match=rf"bad\.safetensors cannot be used.*{words}"):
        sd1.wear_on_unet((good, bad), read)
    assert weight_of(sd1.unet, TO_Q) is before
    sd1.wear_on_unet((good,), read)
    assert not torch.equal(weight_of(sd1.unet, TO_Q), before)


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
    with pytest.raises(ModelError, match=r"evil\.pt: the file holds no plain tensors"):
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
