"""Recognising checkpoints by the shapes of their tensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.checkpoints import (
    TINY_CLIP,
    TINY_OPEN_CLIP,
    TINY_VAE,
    tiny_tensors,
    tiny_unet,
    write_lora,
    write_random_tensors,
    write_vae_alone,
)

from tintype.core.noise_levels import NoiseSchedule
from tintype.errors import ModelError
from tintype.networks import CheckpointConfig, Family, identify
from tintype.tensorfiles import open_table

Shapes = dict[str, tuple[int, ...]]
UNET = "model.diffusion_model."
SPREAD_SIGN = f"{UNET}output_blocks.11.1.transformer_blocks.0.norm1.bias"


def shapes(family: Family = "sd1", in_channels: int = 4) -> Shapes:
    tensors = tiny_tensors(family=family, in_channels=in_channels)
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def ldm(unet: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    return {"model": {"params": {"unet_config": {"params": unet or {}}, **params}}}


def complaint(bad: Mapping[str, tuple[int, ...]], config: Any = None) -> str:
    with pytest.raises(ModelError) as caught:
        identify(bad, config)
    return str(caught.value)


def test_sd1() -> None:
    """An SD 1.x file: CLIP, noise prediction, the usual schedule and scale."""
    assert identify(shapes()) == CheckpointConfig(
        family="sd1",
        unet=tiny_unet(),
        vae=TINY_VAE,
        clip=TINY_CLIP,
        open_clip=None,
        prediction="eps",
        noise=NoiseSchedule(),
    )


def test_sd2() -> None:
    """An SD 2.x file: OpenCLIP alone, linear projections."""
    config = identify(shapes("sd2"))
    assert (config.family, config.clip, config.open_clip) == ("sd2", None, TINY_OPEN_CLIP)
    assert config.unet == tiny_unet("sd2")


def test_sdxl() -> None:
    """An SDXL file: two text encoders, pooled conditioning and its own latent scale."""
    config = identify(shapes("sdxl"))
    assert (config.clip, config.open_clip) == (TINY_CLIP, TINY_OPEN_CLIP)
    assert config.unet == tiny_unet("sdxl")
    assert config.scale_factor == 0.13025


def test_sdxl_refiner() -> None:
    """A refiner: OpenCLIP in the first place, with SDXL's scale."""
    config = identify(shapes("sdxl_refiner"))
    assert (config.family, config.clip) == ("sdxl_refiner", None)
    assert config.scale_factor == 0.13025


def test_inpainting() -> None:
    """A U-Net that sees nine channels is read as such."""
    assert identify(shapes(in_channels=9)).unet.in_channels == 9


@pytest.mark.parametrize(
    ("unet", "expected"),
    [
        ({"num_heads": 8}, (8, None)),
        ({"num_heads": -1, "num_head_channels": 32}, (None, 32)),
        ({"num_heads": 8, "num_head_channels": -1}, (8, None)),
        ({}, (None, 64)),
    ],
)
def test_heads_from_the_ldm_config(
    unet: dict[str, Any], expected: tuple[int | None, int | None]
) -> None:
    """The config beside the file says how many heads there are, or how wide they are."""
    found = identify(shapes(), ldm(unet)).unet
    assert (found.num_heads, found.head_channels) == expected


def test_eight_heads_for_a_context_of_768() -> None:
    """Without a config, SD 1.x is known by the width of its text."""
    wide = {
        name: (shape[0], 768)
        if name.endswith(("attn2.to_k.weight", "attn2.to_v.weight"))
        else shape
        for name, shape in shapes().items()
    }
    assert identify(wide).unet.num_heads == 8


def test_schedule_and_scale_from_the_ldm_config() -> None:
    """The config's schedule and latent scale win over the family's."""
    config = identify(shapes(), ldm(linear_start=0.001, linear_end=0.02, scale_factor=0.5))
    assert config.noise == NoiseSchedule(0.001, 0.02)
    assert config.scale_factor == 0.5


@pytest.mark.parametrize(("stated", "expected"), [("v", "v"), ("eps", "eps")])
def test_prediction_from_the_ldm_config(stated: str, expected: str) -> None:
    """The config's parameterization wins over the header's text."""
    metadata = {"modelspec.prediction_type": "epsilon" if stated == "v" else "v"}
    assert identify(shapes("sd2"), ldm(parameterization=stated), metadata).prediction == expected


def test_prediction_from_an_sgm_config() -> None:
    """A config of SDXL's own program says it by the name of a class."""
    target = "sgm.modules.diffusionmodules.denoiser_scaling.VScaling"
    denoiser = {"params": {"scaling_config": {"target": target}}}
    network = {"params": {"num_head_channels": 64}}
    params = {"denoiser_config": denoiser, "network_config": network}
    assert identify(shapes("sdxl"), {"model": {"params": params}}).prediction == "v"


@pytest.mark.parametrize(
    ("stated", "expected"), [("epsilon", "eps"), ("v", "v"), ("v_prediction", "v")]
)
def test_prediction_from_the_header(stated: str, expected: str) -> None:
    """Without a config, the header's text says what is predicted."""
    metadata = {"modelspec.prediction_type": stated}
    assert identify(shapes("sdxl"), None, metadata).prediction == expected


def test_prediction_from_a_marker_tensor() -> None:
    """Some SDXL files carry an empty tensor as a sign of v-prediction."""
    assert identify(shapes("sdxl") | {"v_pred": ()}).prediction == "v"


@pytest.mark.parametrize(("spread", "expected"), [(0.05, "eps"), (0.2, "v")])
def test_prediction_of_sd2_from_a_bias(spread: float, expected: str) -> None:
    """An SD 2.x file that says nothing is judged by how wide a bias of its last block is."""
    silent = shapes("sd2") | {SPREAD_SIGN: (3,)}
    bias = (-spread, 0.0, spread)  # of this standard deviation
    assert identify(silent, numbers={SPREAD_SIGN: bias}.__getitem__).prediction == expected


@pytest.mark.parametrize(("middle", "depth", "blocks"), [("1.", 0, 1), ("", 0, 0)])
def test_distilled_middles(middle: str, depth: int, blocks: int) -> None:
    """U-Nets that lost the transformer of their middle, or all of it, are read as they are."""
    start = f"{UNET}middle_block."
    lost = (f"{start}{middle}", f"{start}2.")
    distilled = {name: shape for name, shape in shapes().items() if not name.startswith(lost)}
    unet = identify(distilled).unet
    assert (unet.depth_middle, unet.middle_blocks) == (depth, blocks)


def test_blocks_of_different_depths() -> None:
    """Transformers of different depths within a level are read one by one (SSD-1B)."""
    first, second = (f"output_blocks.0.1.transformer_blocks.{n}." for n in (0, 1))
    deeper = {name.replace(first, second): s for name, s in shapes().items() if first in name}
    assert identify(shapes() | deeper).unet.depths_out == (2, 1, 1, 1)


def test_what_shapes_cannot_tell_comes_from_the_header() -> None:
    """Small networks state their heads and normalisation groups in the header."""
    metadata = {"tintype.num_heads": "4", "tintype.norm_groups": "8"}
    config = identify(shapes(), None, metadata)
    assert (config.unet.num_heads, config.unet.norm_groups, config.vae.norm_groups) == (4, 8, 8)


@pytest.mark.parametrize("value", ["", "0", "-8", "8.0", "eight", "9" * 5000])
def test_nonsense_in_the_header(value: str) -> None:
    """A header whose numbers are none is refused."""
    with pytest.raises(ModelError, match="norm_groups"):
        identify(shapes(), None, {"tintype.norm_groups": value})


def test_lora_is_named(tmp_path: Path) -> None:
    """A LoRA in the checkpoint folder is called by its name, with what was expected instead."""
    words = complaint(open_table(write_lora(tmp_path / "l.safetensors")).shapes)
    assert "looks like a LoRA" in words
    assert "model.diffusion_model." in words


def test_vae_alone_is_named(tmp_path: Path) -> None:
    """An autoencoder alone is no checkpoint."""
    found = open_table(write_vae_alone(tmp_path / "v.safetensors")).shapes
    assert "an autoencoder (VAE) alone" in complaint(found)


def test_random_tensors(tmp_path: Path) -> None:
    """Tensors of no known kind are shown by name."""
    words = complaint(open_table(write_random_tensors(tmp_path / "r.safetensors")).shapes)
    assert "nothing we know" in words
    assert "alpha, beta.weight" in words


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("model.diffusion_model.joint_blocks.0.context_block.attn.qkv.weight", "Diffusion 3"),
        ("double_blocks.0.img_attn.norm.key_norm.scale", "Flux"),
        ("control_model.input_hint_block.0.weight", "a ControlNet"),
        ("down_blocks.0.resnets.0.conv1.weight", "diffusers"),
        ("text_model.final_layer_norm.weight", "a text encoder alone"),
        ("transformer.blocks.0.lora_A.weight", "a LoRA"),
    ],
)
def test_other_kinds_are_named(name: str, kind: str) -> None:
    """What people mistake for a checkpoint is called by its name."""
    assert kind in complaint({name: (4, 4)})


@pytest.mark.parametrize(
    ("sign", "kind"),
    [("depth_model.model.bias", "depth"), ("embedder.model.ln_final.weight", "unCLIP")],
)
def test_unserved_kinds_of_sd2(sign: str, kind: str) -> None:
    """Relatives of SD 2.x that want more than a text are refused by name."""
    assert kind in complaint(shapes("sd2") | {sign: (768,)})


@pytest.mark.parametrize(
    ("start", "words"),
    [
        ("cond_stage_model.", "without its text encoder"),
        (f"{UNET}out.2.", "lacks the tensor model.diffusion_model.out.2.weight"),
        (f"{UNET}input_blocks.1.0.", "level without residual blocks"),
    ],
)
def test_missing_parts(start: str, words: str) -> None:
    """What is missing is said."""
    kept = {name: shape for name, shape in shapes().items() if not name.startswith(start)}
    assert words in complaint(kept)


@pytest.mark.parametrize("shape", [(), (32,), (0, 4, 3, 3), (33, 4, 3, 3), (1 << 40, 4, 3, 3)])
def test_absurd_shapes(shape: tuple[int, ...]) -> None:
    """Shapes that no network can have end in words, not in a crash."""
    words = complaint(shapes() | {f"{UNET}input_blocks.0.0.weight": shape})
    assert "impossible shape" in words or "does not divide" in words


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"model": None},
        {"model": {"params": [1, 2]}},
        {"model": {"params": {}}},
        ldm({"num_heads": "eight"}),
        ldm({"num_heads": 0}),
        ldm({"num_heads": True}),
        ldm({"num_heads": 7}),
        ldm(linear_start="soon"),
        ldm(linear_end=2),
        ldm(scale_factor=-1),
        ldm(parameterization="x0"),
        ldm(denoiser_config=3),
    ],
)
def test_hostile_ldm_config(config: Any) -> None:
    """A config with missing sections or wrong values is refused in words."""
    assert complaint(shapes(), config)
