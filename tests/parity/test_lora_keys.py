"""The names that LoRA files give layers, against diffusers' and transformers' own modules."""

from collections.abc import Iterable
from typing import cast

import pytest
from tests.parity.keys import open_clip_oracle_names
from tests.parity.oracles import (
    CLIPS,
    OPEN_CLIPS,
    UNETS,
    names_of_unet,
    open_clip_shapes,
    oracle_text,
    oracle_unet,
    shapes_by,
    shapes_of,
)
from torch import nn

from tintype.networks.adapters.layers import Layer, diffusers_names, text_layers, unet_layers
from tintype.networks.clip import ClipConfig
from tintype.networks.filling import without_memory
from tintype.networks.layers import NORM_GROUPS
from tintype.networks.openclip import OpenClipConfig
from tintype.networks.sizes import Part, clip_config, open_clip_config, unet_config
from tintype.networks.text import Sd1Text, Sd2Text, SdxlText
from tintype.networks.unet import UNet


def modules_of(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """Every module with its path."""
    return list(cast("Iterable[tuple[str, nn.Module]]", network.named_modules()))


def our_unet(name: str) -> tuple[UNet, nn.Module, dict[str, str]]:
    """Our U-Net, diffusers', and our name → theirs for every tensor; nothing takes memory."""
    theirs = oracle_unet(name)
    names = names_of_unet(theirs)
    heads = theirs.config["attention_head_dim"]
    number = heads if isinstance(heads, int) else None
    config = unet_config(Part(shapes_by(names, theirs), ""), number, None, NORM_GROUPS)
    with without_memory():
        return UNet(config), theirs, names


@pytest.mark.parametrize("name", UNETS)
def test_unet_names_are_diffusers_names(name: str) -> None:
    """Every layer of every U-Net has the name of its twin in diffusers, and no two the same."""
    ours, theirs, names = our_unet(name)
    expected = {
        our_name.removesuffix(".weight"): their_name.removesuffix(".weight")
        for our_name, their_name in names.items()
        if our_name.endswith(".weight")
    }
    assert diffusers_names(ours) == expected
    modules = {path for path, module in modules_of(theirs) if hasattr(module, "weight")}
    assert set(expected.values()) == modules


@pytest.mark.parametrize("name", ["SD 1.5", "SD 2.1", "SDXL"])
def test_trained_layers_are_found(name: str) -> None:
    """Each linear layer and convolution is found by diffusers' names and by the file's own."""
    ours, theirs, _ = our_unet(name)
    layers = unet_layers(ours)
    for network in (ours, theirs):
        for path, module in modules_of(network):
            if isinstance(module, nn.Linear | nn.Conv2d):
                layer = layers[f"lora_unet_{path.replace('.', '_')}"]
                found = ours.get_submodule(layer.module)
                assert isinstance(found, nn.Linear if isinstance(module, nn.Linear) else nn.Conv2d)
                assert found.weight.shape == module.weight.shape


def tiny_clip() -> ClipConfig:
    return clip_config(Part(shapes_of(oracle_text(CLIPS["tiny"], "quick_gelu")), ""))


def tiny_open_clip() -> OpenClipConfig:
    theirs = oracle_text(OPEN_CLIPS["tiny"], "gelu")
    return open_clip_config(Part(open_clip_shapes(theirs), ""))


def oracle_layers(prefix: str) -> dict[str, str]:
    """Name in a LoRA file → path, for the linear layers and norms of transformers' encoder."""
    theirs = oracle_text(CLIPS["tiny"], "quick_gelu")
    return {
        prefix + path.replace(".", "_"): path
        for path, module in modules_of(theirs)
        if isinstance(module, nn.Linear | nn.LayerNorm) and path != "text_projection"
    }


def test_clip_layers() -> None:
    """SD 1.x's encoder is found by its own prefix and by that of SDXL's first one."""
    with without_memory():
        layers = text_layers(Sd1Text(tiny_clip()))
    for prefix in ("lora_te_", "lora_te1_"):
        for name, path in oracle_layers(prefix).items():
            assert layers[name] == Layer(f"clip.{path}")


@pytest.mark.parametrize("family", ["sd2", "sdxl"])
def test_open_clip_layers(family: str) -> None:
    """OpenCLIP is found by transformers' names; stacked attention by thirds."""
    with without_memory():
        if family == "sd2":
            layers, prefix = text_layers(Sd2Text(tiny_open_clip())), "lora_te_"
        else:
            layers, prefix = text_layers(SdxlText(tiny_clip(), tiny_open_clip())), "lora_te2_"
    theirs = {path: name for name, path in oracle_layers(prefix).items()}
    for ours in open_clip_shapes(oracle_text(OPEN_CLIPS["tiny"], "gelu")):
        oracles = open_clip_oracle_names(ours)
        for third, oracle in enumerate(oracles):
            path, _, kind = oracle.rpartition(".")
            if kind == "weight" and path in theirs:
                layer = layers[theirs.pop(path)]
                assert f"{layer.module}.{layer.weight}" == f"open_clip.{ours}"
                assert layer.third == (third if len(oracles) == 3 else None)
    assert not theirs


def test_sdxl_has_both_encoders() -> None:
    """SDXL's first encoder answers to te1 only, its second to te2 only."""
    with without_memory():
        layers = text_layers(SdxlText(tiny_clip(), tiny_open_clip()))
    assert {name.split("_")[1] for name in layers} == {"te1", "te2"}
    assert all(layer.module.startswith("clip.") == ("te1" in n) for n, layer in layers.items())
