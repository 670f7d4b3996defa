"""Which files are captioners, and what is said of the others."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.fakes.captioners import oracle, own_names, write_own
from tests.fakes.checkpoints import save_tensors
from tests.fakes.small_models import LORA, safetensors

from tintype.core.families import other_kind
from tintype.errors import ModelError
from tintype.networks.blip import Telling
from tintype.networks.blip_file import load_captioner

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network() -> Any:
    """Weights as transformers has them."""
    return oracle(image_size=48, hidden_size=64, num_attention_heads=1)


def test_sizes_are_read_from_the_file(network: Any, tmp_path: Path) -> None:
    """Nothing but shapes is asked: picture, patches, widths, layers and heads."""
    config = load_captioner(write_own(tmp_path / "a.pth", network), CPU, torch.float32).config
    eye, tongue = config.vision, config.text
    assert (eye.side, eye.patch, eye.width, eye.heads, eye.layers) == (48, 16, 64, 1, 2)
    assert (tongue.vocabulary, tongue.positions, tongue.seen_width) == (30524, 256, 64)


def test_weights_are_cast(network: Any, tmp_path: Path) -> None:
    """As whatever the device computes in."""
    blip = load_captioner(write_own(tmp_path / "a.pth", network), CPU, torch.bfloat16)
    assert {weight.dtype for weight in blip.parameters()} == {torch.bfloat16}


def test_captioners_are_known_by_their_names(network: Any) -> None:
    """In either layout, with the folder they belong in."""
    for names in (own_names(network), network.state_dict()):
        assert str(other_kind(list(names))) == "a captioner (BLIP), which belongs in models/BLIP"


def test_other_files_are_refused(network: Any, tmp_path: Path) -> None:
    """LoRAs, networks that answer questions, and files cut short, each in words."""
    lora = tmp_path / "lora.safetensors"
    lora.write_bytes(safetensors(LORA))
    with pytest.raises(ModelError, match=r"captioner lora\.safetensors: This is no captioner"):
        load_captioner(lora, CPU, torch.float32)
    asks = own_names(network) | {"text_encoder.embeddings.LayerNorm.bias": torch.zeros(4)}
    with pytest.raises(ModelError, match="answers questions"):
        load_captioner(save_tensors(asks, tmp_path / "vqa.safetensors"), CPU, torch.float32)
    short = own_names(network)
    del short["visual_encoder.blocks.1.attn.qkv.bias"]
    with pytest.raises(ModelError, match=r"1 of \d+ tensors are missing"):
        load_captioner(save_tensors(short, tmp_path / "short.safetensors"), CPU, torch.float32)


@pytest.mark.parametrize(
    ("name", "shape", "words"),
    [
        ("text_decoder.bert.embeddings.word_embeddings.weight", (200, 64), "200 words"),
        ("text_decoder.bert.embeddings.position_embeddings.weight", (40, 64), "40 tokens"),
        ("visual_encoder.pos_embed", (1, 1, 64), "0 pixels"),
        ("visual_encoder.pos_embed", (1, 10, 100), "100 channels"),
    ],
)
def test_unusual_sizes_are_refused(
    network: Any, tmp_path: Path, name: str, shape: tuple[int, ...], words: str
) -> None:
    """What would fail later, or take no picture at all, is told with what was expected."""
    tensors = own_names(network) | {name: torch.zeros(shape)}
    with pytest.raises(ModelError, match=f"has {words}.*expected"):
        load_captioner(save_tensors(tensors, tmp_path / "a.safetensors"), CPU, torch.float32)


def test_weights_that_are_no_numbers_are_told_of(network: Any, tmp_path: Path) -> None:
    """A damaged file is not taken for one that has nothing to say."""
    tensors = own_names(network)
    tensors["text_decoder.cls.predictions.bias"][7] = float("nan")
    path = save_tensors(tensors, tmp_path / "a.safetensors")
    telling = Telling(
        load_captioner(path, CPU, torch.float32), torch.zeros(48, 48, 3, dtype=torch.uint8)
    )
    with pytest.raises(ModelError, match="damaged"):
        telling.logits([[1]], [0])
