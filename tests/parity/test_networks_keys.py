"""The tensors of the files people have: SD 1.5, SD 2.1, SDXL and its relatives, by name and shape.

The lists are the oracle's tensors under the names of single files, without weights; the totals are
those of the published files.
"""

from dataclasses import replace
from math import prod

import pytest
from tests.parity.oracles import (
    CLIPS,
    OPEN_CLIPS,
    Shape,
    names_of_unet,
    names_of_vae,
    open_clip_shapes,
    oracle_text,
    oracle_unet,
    oracle_vae,
    shapes_by,
    shapes_of,
)
from torch import nn

from tintype.core.families import CLIP_PREFIXES, OPEN_CLIP_PREFIXES, UNET_PREFIX, VAE_PREFIX
from tintype.core.noise_levels import NoiseSchedule
from tintype.networks import CheckpointConfig, identify
from tintype.networks.clip import ClipConfig, ClipText
from tintype.networks.filling import without_memory
from tintype.networks.openclip import OpenClipConfig, OpenClipText
from tintype.networks.unet import UNet, UNetConfig
from tintype.networks.vae import Vae, VaeConfig

CLIP_L = ClipConfig(width=768, layers=12, heads=12, hidden_width=3072)
OPEN_CLIP_H = OpenClipConfig(1024, 24, 16, 49408, 77, 4096, 1024)
OPEN_CLIP_BIG_G = OpenClipConfig(1280, 32, 20, 49408, 77, 5120, 1280)
SD1_UNET = UNetConfig(
    in_channels=4,
    out_channels=4,
    model_channels=320,
    channels=(320, 640, 1280, 1280),
    res_blocks=2,
    depths_in=(1, 1, 1, 1, 1, 1, 0, 0),
    depth_middle=1,
    depths_out=(0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    context_width=768,
    num_heads=8,
)
SD2_UNET = UNetConfig(
    in_channels=4,
    out_channels=4,
    model_channels=320,
    channels=(320, 640, 1280, 1280),
    res_blocks=2,
    depths_in=(1, 1, 1, 1, 1, 1, 0, 0),
    depth_middle=1,
    depths_out=(0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1),
    context_width=1024,
    num_heads=None,
    head_channels=64,
    linear_projection=True,
)
SDXL_UNET = UNetConfig(
    in_channels=4,
    out_channels=4,
    model_channels=320,
    channels=(320, 640, 1280),
    res_blocks=2,
    depths_in=(0, 0, 2, 2, 10, 10),
    depth_middle=10,
    depths_out=(10, 10, 10, 2, 2, 2, 0, 0, 0),
    context_width=2048,
    vector_width=2816,
    num_heads=None,
    head_channels=64,
    linear_projection=True,
)
SSD_UNET = replace(
    SDXL_UNET,
    depths_in=(0, 0, 2, 2, 4, 4),
    depth_middle=0,
    middle_blocks=1,
    depths_out=(4, 4, 10, 2, 1, 1, 0, 0, 0),
)
REFINER_UNET = replace(
    SDXL_UNET,
    model_channels=384,
    channels=(384, 768, 1536, 1536),
    depths_in=(0, 0, 4, 4, 4, 4, 0, 0),
    depth_middle=4,
    depths_out=(0, 0, 0, 4, 4, 4, 4, 4, 4, 0, 0, 0),
    context_width=1280,
    vector_width=2560,
)


def vae(scale: float) -> VaeConfig:
    return VaeConfig(channels=(128, 256, 512, 512), res_blocks=2, scale=scale)


PLAIN: dict[str, CheckpointConfig] = {
    "SD 1.5": CheckpointConfig("sd1", SD1_UNET, vae(0.18215), CLIP_L, None, "eps", NoiseSchedule()),
    "SD 2.1": CheckpointConfig(
        "sd2", SD2_UNET, vae(0.18215), None, OPEN_CLIP_H, "v", NoiseSchedule()
    ),
    "SDXL": CheckpointConfig(
        "sdxl", SDXL_UNET, vae(0.13025), CLIP_L, OPEN_CLIP_BIG_G, "eps", NoiseSchedule()
    ),
}
CONFIGS = PLAIN | {
    "SDXL inpainting": replace(PLAIN["SDXL"], unet=replace(SDXL_UNET, in_channels=9)),
    "SSD-1B": replace(PLAIN["SDXL"], unet=SSD_UNET),
    "refiner": replace(PLAIN["SDXL"], family="sdxl_refiner", unet=REFINER_UNET, clip=None),
}


def unet_shapes(kind: str) -> dict[str, Shape]:
    oracle = oracle_unet(kind)
    return shapes_by(names_of_unet(oracle), oracle)


def vae_shapes() -> dict[str, Shape]:
    oracle = oracle_vae("SD")
    return shapes_by(names_of_vae(oracle), oracle)


def clip_shapes() -> dict[str, Shape]:
    shapes = shapes_of(oracle_text(CLIPS["CLIP-L"], "quick_gelu"))
    del shapes["text_projection.weight"]  # in transformers' class, but in no SD file
    return shapes


def text_shapes(kind: str) -> dict[str, Shape]:
    text = "OpenCLIP-H" if kind == "SD 2.1" else "OpenCLIP-bigG"
    return open_clip_shapes(oracle_text(OPEN_CLIPS[text], "gelu"))


def file_shapes(kind: str) -> dict[str, Shape]:
    """All that a file of that kind has for our networks."""
    family = CONFIGS[kind].family
    parts = {UNET_PREFIX: unet_shapes(kind), VAE_PREFIX: vae_shapes()}
    if family in CLIP_PREFIXES:
        parts[CLIP_PREFIXES[family]] = clip_shapes()
    if family in OPEN_CLIP_PREFIXES:
        parts[OPEN_CLIP_PREFIXES[family]] = text_shapes(kind)
    return {prefix + name: shape for prefix, part in parts.items() for name, shape in part.items()}


@pytest.mark.parametrize("kind", CONFIGS)
def test_true_files_are_identified(kind: str) -> None:
    """The published files' shapes give the published configurations."""
    spread = 0.2 if kind == "SD 2.1" else 0.05
    found = identify(file_shapes(kind), numbers=lambda _: (-spread, 0.0, spread))
    assert found == CONFIGS[kind]


def ours(kind: str) -> dict[str, Shape]:
    """Every tensor of our networks, as it is called in a file."""
    config = CONFIGS[kind]
    family = config.family
    with without_memory():
        parts: dict[str, nn.Module] = {UNET_PREFIX: UNet(config.unet), VAE_PREFIX: Vae(config.vae)}
        if config.clip:
            parts[CLIP_PREFIXES[family]] = ClipText(config.clip)
        if config.open_clip:
            parts[OPEN_CLIP_PREFIXES[family]] = OpenClipText(config.open_clip)
    return {
        prefix + name: shape
        for prefix, network in parts.items()
        for name, shape in shapes_of(network).items()
    }


@pytest.mark.parametrize("kind", CONFIGS)
def test_our_networks_have_the_true_names_and_shapes(kind: str) -> None:
    """Ours have every tensor of the file, in its shape, and no other."""
    assert ours(kind) == file_shapes(kind)


@pytest.mark.parametrize(
    ("kind", "prefix", "tensors", "parameters"),
    [
        ("SD 1.5", UNET_PREFIX, 686, 859_520_964),
        ("SD 1.5", VAE_PREFIX, 248, 83_653_863),
        ("SD 1.5", "cond_stage_model.", 196, 123_060_480),
        ("SD 2.1", UNET_PREFIX, 686, 865_910_724),
        ("SD 2.1", "cond_stage_model.", 293, 354_032_640),
        ("SDXL", UNET_PREFIX, 1680, 2_567_463_684),
        ("SDXL", VAE_PREFIX, 248, 83_653_863),
        ("SDXL", "conditioner.embedders.0.", 196, 123_060_480),
        ("SDXL", "conditioner.embedders.1.", 389, 694_659_840),
    ],
)
def test_totals(kind: str, prefix: str, tensors: int, parameters: int) -> None:
    """Tensors and parameters add up to the published totals (OpenCLIP's without logit_scale)."""
    shapes = [shape for name, shape in ours(kind).items() if name.startswith(prefix)]
    assert (len(shapes), sum(map(prod, shapes))) == (tensors, parameters)


@pytest.mark.parametrize(
    ("kind", "name", "shape"),
    [
        ("SD 1.5", "output_blocks.2.1.conv.weight", (1280, 1280, 3, 3)),
        ("SD 1.5", "output_blocks.3.0.skip_connection.weight", (1280, 2560, 1, 1)),
        ("SD 1.5", "output_blocks.5.2.conv.weight", (1280, 1280, 3, 3)),
        ("SD 1.5", "output_blocks.8.2.conv.weight", (640, 640, 3, 3)),
        ("SD 1.5", "input_blocks.9.0.op.weight", (1280, 1280, 3, 3)),
        ("SD 1.5", "middle_block.1.proj_in.weight", (1280, 1280, 1, 1)),
        ("SD 2.1", "middle_block.1.proj_in.weight", (1280, 1280)),
        ("SDXL", "output_blocks.2.2.conv.weight", (1280, 1280, 3, 3)),
        ("SDXL", "middle_block.1.transformer_blocks.9.attn2.to_k.weight", (1280, 2048)),
        ("SDXL", "label_emb.0.0.weight", (1280, 2816)),
    ],
)
def test_well_known_names(kind: str, name: str, shape: Shape) -> None:
    """Names that LoRA files and model tools rely on stand where they should."""
    assert ours(kind)[UNET_PREFIX + name] == shape
