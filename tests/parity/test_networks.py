"""Our networks against diffusers and transformers: same random weights, same inputs, float32.

The bound is relative to the largest value: 1e-5 is some hundred roundings of float32, which is what
another order of the same sums costs (measured: 4e-6 in SDXL's U-Net). A missing bias or the other
GELU costs a thousand times more; a wrong eps may not, so those are compared as numbers.
"""

from typing import Any

import pytest
import torch
from tests.parity.keys import open_clip_oracle_names
from tests.parity.oracles import (
    clip_pair,
    difference,
    names_of_unet,
    names_of_vae,
    open_clip_pair,
    unet_pair,
    vae_pair,
)
from torch import Tensor, nn

from tintype.networks.layers import sinusoidal_embedding
from tintype.networks.unet_blocks import ResBlock, SpatialTransformer, Upsample
from tintype.networks.vae import VaeResBlock

BOUND = 1e-5
TINY_UNETS = ("tiny", "tiny inpainting", "tiny linear", "tiny XL")
DISTILLED_UNETS = ("tiny SSD", "tiny KOALA")  # with half a middle, and with none
SIZES = ((8, 8), (9, 13), (16, 5))


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def at(network: nn.Module, place: str) -> Any:
    return network.get_submodule(place)


UNET_BLOCKS = (
    ("input_blocks.1.0", "down_blocks.0.resnets.0"),
    ("input_blocks.4.0", "down_blocks.1.resnets.0"),
    ("middle_block.2", "mid_block.resnets.1"),
    ("output_blocks.0.0", "up_blocks.0.resnets.0"),
    ("output_blocks.8.0", "up_blocks.2.resnets.2"),
)


@pytest.mark.parametrize("kind", TINY_UNETS[::2])
@pytest.mark.parametrize(("ours", "theirs"), UNET_BLOCKS)
def test_residual_block(kind: str, ours: str, theirs: str) -> None:
    """A residual block, with and without shortcut, equals diffusers' ResnetBlock2D."""
    a, b = unet_pair(kind)
    block: ResBlock = at(a, ours)
    x = noise(2, len(at(a, f"{ours}.in_layers.0").weight), 9, 13)
    embedding = noise(2, 4 * a.config.model_channels, seed=2)
    assert difference(block(x, embedding), at(b, theirs)(x, embedding)) <= BOUND


TRANSFORMERS = (
    ("tiny", "input_blocks.1.1", "down_blocks.0.attentions.0"),
    ("tiny", "middle_block.1", "mid_block.attentions.0"),
    ("tiny linear", "input_blocks.4.1", "down_blocks.1.attentions.0"),
    ("tiny XL", "middle_block.1", "mid_block.attentions.0"),
    ("tiny XL", "output_blocks.4.1", "up_blocks.1.attentions.1"),
)


@pytest.mark.parametrize(("kind", "ours", "theirs"), TRANSFORMERS)
def test_spatial_transformer(kind: str, ours: str, theirs: str) -> None:
    """A transformer by convolutions or linear layers, deep or not, equals Transformer2DModel."""
    a, b = unet_pair(kind)
    block: SpatialTransformer = at(a, ours)
    x = noise(2, block.norm.num_channels, 9, 13)
    context = noise(2, 77, a.config.context_width, seed=2)
    expected = at(b, theirs)(x, encoder_hidden_states=context, return_dict=False)[0]
    assert difference(block(x, context), expected) <= BOUND


def test_attention_to_itself_and_to_a_text() -> None:
    """Both attentions of a transformer block equal diffusers' Attention."""
    a, b = unet_pair("tiny")
    ours = at(a, "middle_block.1.transformer_blocks.0")
    theirs = at(b, "mid_block.attentions.0.transformer_blocks.0")
    x, context = noise(2, 35, 64), noise(2, 77, 48, seed=2)
    assert difference(ours.attn1(x, x), theirs.attn1(x)) <= BOUND
    assert difference(ours.attn2(x, context), theirs.attn2(x, context)) <= BOUND
    assert difference(ours.ff(x), theirs.ff(x)) <= BOUND


@pytest.mark.parametrize("size", SIZES)
def test_downsampling(size: tuple[int, int]) -> None:
    """The strided convolution equals diffusers' Downsample2D at even and odd sizes."""
    a, b = unet_pair("tiny")
    x = noise(2, 32, *size)
    expected = at(b, "down_blocks.0.downsamplers.0")(x)
    assert difference(at(a, "input_blocks.3.0")(x), expected) <= BOUND


@pytest.mark.parametrize("size", SIZES)
def test_upsampling(size: tuple[int, int]) -> None:
    """Doubling both sides equals diffusers' Upsample2D."""
    a, b = unet_pair("tiny")
    layer: Upsample = at(a, "output_blocks.2.1")
    x = noise(2, 64, *size)
    expected = at(b, "up_blocks.0.upsamplers.0")(x)
    assert difference(layer(x), expected) <= BOUND


def unet_difference(kind: str, size: tuple[int, int]) -> float:
    """Difference of whole U-Nets for two rows at different, fractional timesteps."""
    a, b = unet_pair(kind)
    x = noise(2, a.config.in_channels, *size)
    timesteps = torch.tensor([916.284, 6.732])
    context = noise(2, 77, a.config.context_width, seed=2)
    vector, added = None, None
    if a.config.vector_width is not None:
        width: int = b.config["addition_time_embed_dim"]
        texts = noise(2, a.config.vector_width - 6 * width, seed=3)
        sizes = torch.tensor([[512.0, 768.0, 0.0, 8.0, 512.0, 768.0], [1024.0] * 6])
        waves = sinusoidal_embedding(sizes.flatten(), width).reshape(2, -1)
        vector, added = torch.cat([texts, waves], dim=1), {"text_embeds": texts, "time_ids": sizes}
    expected = b(x, timesteps, context, added_cond_kwargs=added, return_dict=False)[0]
    return difference(a(x, timesteps, context, vector), expected)


@pytest.mark.parametrize("size", [(8, 8), (16, 24)])
@pytest.mark.parametrize("kind", [*TINY_UNETS, *DISTILLED_UNETS])
def test_tiny_unet(kind: str, size: tuple[int, int]) -> None:
    """A whole small U-Net of every kind equals diffusers' at sizes that stay even.

    At odd ones diffusers brings pictures to size before a convolution, A1111 and ours after it;
    recorded pictures hold that.
    """
    assert unet_difference(kind, size) <= BOUND


def eps_of(network: nn.Module, weight: str) -> float | None:
    return getattr(at(network, weight.rpartition(".")[0]), "eps", None)


def test_every_normalisation_has_the_eps_of_the_oracle() -> None:
    """Group and layer normalisations add what the oracle's add, in every network."""
    unet, vae, clip = unet_pair("tiny XL"), vae_pair("tiny"), clip_pair("tiny")
    open_clip = open_clip_pair("tiny")
    pairs = (
        (*unet, names_of_unet(unet[1])),
        (*vae, names_of_vae(vae[1])),
        (*clip, {name: name for name in clip[0].state_dict()}),
        (*open_clip, {n: open_clip_oracle_names(n)[0] for n in open_clip[0].state_dict()}),
    )
    for ours, theirs, names in pairs:
        found = {ldm: eps_of(ours, ldm) for ldm in names}
        assert found == {ldm: eps_of(theirs, oracle) for ldm, oracle in names.items()}
        assert any(found.values())


@pytest.mark.large
@pytest.mark.parametrize(
    ("kind", "size"),
    [
        ("SD 1.5", (16, 16)),
        ("SD 2.1", (16, 16)),
        ("SDXL", (8, 8)),
        ("SSD-1B", (8, 8)),
        ("refiner", (8, 8)),
    ],
)
def test_true_unet(kind: str, size: tuple[int, int]) -> None:
    """A U-Net of true size equals diffusers'."""
    found = unet_difference(kind, size)
    print(f"largest relative difference: {found}")  # shown by -rP
    assert found <= BOUND


VAE_BLOCKS = (
    ("encoder.down.0.block.0", "encoder.down_blocks.0.resnets.0"),
    ("encoder.down.1.block.0", "encoder.down_blocks.1.resnets.0"),
    ("encoder.down.0.downsample", "encoder.down_blocks.0.downsamplers.0"),
    ("encoder.mid.attn_1", "encoder.mid_block.attentions.0"),
    ("decoder.up.2.upsample", "decoder.up_blocks.0.upsamplers.0"),
    ("decoder.up.0.block.0", "decoder.up_blocks.2.resnets.0"),
    ("decoder.mid.block_2", "decoder.mid_block.resnets.1"),
)


@pytest.mark.parametrize(("ours", "theirs"), VAE_BLOCKS)
def test_vae_block(ours: str, theirs: str) -> None:
    """Every kind of block in the autoencoder equals diffusers'."""
    a, b = vae_pair("tiny")
    block, oracle = at(a, ours), at(b, theirs)
    channels = next(p.shape[1] for p in block.parameters() if p.ndim == 4)
    x = noise(2, channels, 9, 13)
    expected = oracle(x, None) if isinstance(block, VaeResBlock) else oracle(x)
    assert difference(block(x), expected) <= BOUND


def vae_differences(kind: str, size: tuple[int, int]) -> tuple[float, float]:
    """Differences of a whole autoencoder in encoding and decoding."""
    a, theirs = vae_pair(kind)
    b: Any = theirs
    latents = noise(2, 4, *size)
    pixels = noise(2, 3, size[0] * a.config.factor, size[1] * a.config.factor, seed=2)
    mean, log_variance = a.encode(pixels)
    posterior = b.encode(pixels).latent_dist
    expected = torch.cat([posterior.mean, posterior.logvar])
    encoding = difference(torch.cat([mean, log_variance]), expected)
    return encoding, difference(a.decode(latents), b.decode(latents, return_dict=False)[0])


@pytest.mark.parametrize("size", SIZES)
def test_tiny_vae(size: tuple[int, int]) -> None:
    """A whole small autoencoder equals diffusers' in both directions."""
    assert max(vae_differences("tiny", size)) <= BOUND


@pytest.mark.large
def test_true_vae() -> None:
    """An autoencoder of true size equals diffusers' in both directions."""
    found = vae_differences("SD", (16, 16))
    print(f"largest relative difference: {found}")  # shown by -rP
    assert max(found) <= BOUND


def texts(end: int) -> Tensor:
    """Three chunks of which two end early, padded with zeros."""
    tokens = torch.randint(1, end, (3, 77), generator=torch.Generator().manual_seed(3))
    for row, length in enumerate((76, 9, 1)):
        tokens[row, length], tokens[row, length + 1 :] = end, 0
    return tokens


def clip_differences(kind: str, clip_skips: tuple[int, ...]) -> list[float]:
    """Differences at each clip skip, and of the penultimate layer without normalisation."""
    a, b = clip_pair(kind)
    tokens = texts(a.config.vocabulary - 1)
    states = b.text_model(tokens, output_hidden_states=True).hidden_states
    norm = b.text_model.final_layer_norm
    found = [difference(a(tokens, skip), norm(states[-skip])) for skip in clip_skips]
    return [*found, difference(a.hidden(tokens), states[-2])]


def test_tiny_clip() -> None:
    """A small CLIP equals transformers' for every clip skip."""
    assert max(clip_differences("tiny", (1, 2, 3, 4))) <= BOUND


@pytest.mark.large
def test_true_clip() -> None:
    """CLIP-L equals transformers' for clip skips in use."""
    found = clip_differences("CLIP-L", (1, 2))
    print(f"largest relative difference: {found}")  # shown by -rP
    assert max(found) <= BOUND


def test_clip_layer() -> None:
    """One CLIP layer equals transformers' CLIPEncoderLayer."""
    a, b = clip_pair("tiny")
    x = noise(2, 77, 128)
    mask = torch.full((77, 77), float("-inf")).triu(1)[None, None]
    expected = at(b, "text_model.encoder.layers.1")(x, attention_mask=mask)
    assert difference(at(a, "text_model.encoder.layers.1")(x), expected) <= BOUND


def test_open_clip_layer() -> None:
    """One OpenCLIP layer equals transformers' CLIPEncoderLayer with exact GELU."""
    a, b = open_clip_pair("tiny")
    x = noise(2, 77, 128)
    mask = torch.full((77, 77), float("-inf")).triu(1)[None, None]
    expected = at(b, "text_model.encoder.layers.1")(x, attention_mask=mask)
    assert difference(at(a, "transformer.resblocks.1")(x), expected) <= BOUND


def open_clip_differences(kind: str) -> list[float]:
    """Differences of the penultimate layer, raw and normalised, and of the pooled text."""
    a, b = open_clip_pair(kind)
    tokens = texts(a.config.vocabulary - 1)
    answer = b(tokens, output_hidden_states=True)
    penultimate, theirs = a.penultimate(tokens), answer.hidden_states[-2]
    return [
        difference(penultimate, theirs),
        difference(a.ln_final(penultimate), b.text_model.final_layer_norm(theirs)),
        difference(a.pooled(tokens, penultimate), answer.text_embeds),
    ]


def test_tiny_open_clip() -> None:
    """A small OpenCLIP equals transformers' in all that SD 2.x and SDXL take from it."""
    assert max(open_clip_differences("tiny")) <= BOUND


@pytest.mark.large
@pytest.mark.parametrize("kind", ["OpenCLIP-H", "OpenCLIP-bigG"])
def test_true_open_clip(kind: str) -> None:
    """The text encoders of SD 2.1 and SDXL equal transformers'."""
    found = open_clip_differences(kind)
    print(f"largest relative difference: {found}")  # shown by -rP
    assert max(found) <= BOUND
