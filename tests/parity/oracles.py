"""Pairs of one network, ours and the oracle's, sharing every weight.

The oracle is built from its own configuration; ours from nothing but the names and shapes that the
oracle's tensors have in a single file.
"""

from collections.abc import Mapping
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from tests.parity.keys import open_clip_name, open_clip_oracle_names, unet_names, vae_names
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from tintype.networks.clip import ClipText
from tintype.networks.filling import without_memory
from tintype.networks.layers import NORM_GROUPS
from tintype.networks.openclip import OpenClipText
from tintype.networks.sizes import Part, clip_config, open_clip_config, unet_config, vae_config
from tintype.networks.unet import UNet
from tintype.networks.vae import Vae

Kwargs = Mapping[str, Any]
Shape = tuple[int, ...]

_CROSS, _PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
_CROSS_UP, _PLAIN_UP = "CrossAttnUpBlock2D", "UpBlock2D"
_SD: Kwargs = {
    "down_block_types": (_CROSS, _CROSS, _CROSS, _PLAIN),
    "up_block_types": (_PLAIN_UP, _CROSS_UP, _CROSS_UP, _CROSS_UP),
    "layers_per_block": 2,
}
_SDXL: Kwargs = {
    "down_block_types": (_PLAIN, _CROSS, _CROSS),
    "up_block_types": (_CROSS_UP, _CROSS_UP, _PLAIN_UP),
    "layers_per_block": 2,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
}
_TINY: Kwargs = {
    "down_block_types": (_CROSS, _CROSS, _PLAIN),
    "up_block_types": (_PLAIN_UP, _CROSS_UP, _CROSS_UP),
    "block_out_channels": (32, 64, 64),
    "layers_per_block": 2,
    "cross_attention_dim": 48,
    "attention_head_dim": 8,
}

_TINY_SD2: Kwargs = _TINY | {
    "use_linear_projection": True,
    "attention_head_dim": (1, 2, 2),
    "block_out_channels": (64, 128, 128),
    "layers_per_block": 1,
    "cross_attention_dim": 32,
}
_TINY_SDXL: Kwargs = _SDXL | {
    "block_out_channels": (32, 64, 128),
    "transformer_layers_per_block": (1, 2, 3),
    "attention_head_dim": (1, 1, 2),
    "cross_attention_dim": 64,
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 16 + 6 * 256,
    "layers_per_block": 1,
}
_TRUE_SDXL: Kwargs = _SDXL | {
    "block_out_channels": (320, 640, 1280),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}

UNETS: Mapping[str, Kwargs] = {
    "tiny": _TINY,
    "tiny inpainting": _TINY | {"in_channels": 9, "layers_per_block": 1},
    "tiny linear": _TINY
    | {
        "use_linear_projection": True,
        "attention_head_dim": (1, 2, 2),
        "block_out_channels": (64, 128, 128),
    },
    "tiny XL": _SDXL
    | {
        "block_out_channels": (32, 64, 128),
        "transformer_layers_per_block": (1, 2, 3),
        "attention_head_dim": (1, 1, 2),
        "cross_attention_dim": 96,
        "addition_time_embed_dim": 16,
        "projection_class_embeddings_input_dim": 40 + 6 * 16,
    },
    "tiny SD 1": _TINY | {"layers_per_block": 1, "cross_attention_dim": 32},
    "tiny SD 2": _TINY_SD2,
    "tiny SDXL": _TINY_SDXL,
    "tiny refiner": _TINY_SDXL
    | {
        "cross_attention_dim": 32,
        "projection_class_embeddings_input_dim": 16 + 5 * 256,
    },
    "tiny SSD": _TINY_SDXL
    | {
        "mid_block_type": "UNetMidBlock2D",
        "transformer_layers_per_block": ((0,), (1, 2), (2, 1)),
        "reverse_transformer_layers_per_block": ((1, 2, 3), (2, 1, 1), (0,)),
        "layers_per_block": 2,
    },
    "tiny KOALA": _TINY_SDXL | {"mid_block_type": None},
    "SD 1.5": _SD
    | {
        "block_out_channels": (320, 640, 1280, 1280),
        "cross_attention_dim": 768,
        "attention_head_dim": 8,
    },
    "SD 2.1": _SD
    | {
        "block_out_channels": (320, 640, 1280, 1280),
        "cross_attention_dim": 1024,
        "attention_head_dim": (5, 10, 20, 20),
        "use_linear_projection": True,
    },
    "SDXL": _TRUE_SDXL,
    "SDXL inpainting": _TRUE_SDXL | {"in_channels": 9},
    "SSD-1B": _TRUE_SDXL
    | {
        "mid_block_type": "UNetMidBlock2D",
        "transformer_layers_per_block": ((0,), (2, 2), (4, 4)),
        "reverse_transformer_layers_per_block": ((4, 4, 10), (2, 1, 1), (0,)),
    },
    "refiner": _TRUE_SDXL
    | {
        "down_block_types": (_PLAIN, _CROSS, _CROSS, _PLAIN),
        "up_block_types": (_PLAIN_UP, _CROSS_UP, _CROSS_UP, _PLAIN_UP),
        "block_out_channels": (384, 768, 1536, 1536),
        "transformer_layers_per_block": 4,
        "attention_head_dim": (6, 12, 24, 24),
        "cross_attention_dim": 1280,
        "projection_class_embeddings_input_dim": 2560,
    },
}
_TRUE_VAE: Kwargs = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2}
_PLAYGROUND: Kwargs = {
    "scaling_factor": 0.5,
    "latents_mean": [-1.6574, 1.886, -1.383, 2.5155],
    "latents_std": [8.4927, 5.9022, 6.5498, 5.2299],
}
VAES: Mapping[str, Kwargs] = {
    "tiny": {"block_out_channels": (32, 64, 64), "layers_per_block": 1},
    # two channels for a group: one alone has no variance in a grey picture, but its rounding
    "tiny SD": {"block_out_channels": (64, 64, 64, 64), "layers_per_block": 1},
    "tiny SDXL": {
        "block_out_channels": (64, 64, 64, 64),
        "layers_per_block": 1,
        "scaling_factor": 0.13025,
    },
    "tiny Playground": {
        "block_out_channels": (64, 64, 64, 64),
        "layers_per_block": 1,
    }
    | _PLAYGROUND,
    "SD": _TRUE_VAE,
    "SDXL": _TRUE_VAE | {"scaling_factor": 0.13025},
    "Playground": _TRUE_VAE | _PLAYGROUND,
}
CLIPS: Mapping[str, Kwargs] = {
    "tiny": {
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "vocab_size": 1000,
    },
    "tiny words": {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 3,
        "num_attention_heads": 1,
    },
    "CLIP-L": {
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
    },
}
OPEN_CLIPS: Mapping[str, Kwargs] = {
    "tiny": CLIPS["tiny"] | {"projection_dim": 96},
    "tiny words": CLIPS["tiny words"] | {"projection_dim": 16},
    "OpenCLIP-H": {
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "projection_dim": 1024,
    },
    "OpenCLIP-bigG": {
        "hidden_size": 1280,
        "intermediate_size": 5120,
        "num_hidden_layers": 32,
        "num_attention_heads": 20,
        "projection_dim": 1280,
    },
}


def oracle_unet(name: str, in_channels: int | None = None) -> UNet2DConditionModel:
    """diffusers' U-Net of that name, without weights."""
    channels: Kwargs = {} if in_channels is None else {"in_channels": in_channels}
    with without_memory():
        return UNet2DConditionModel(**{**UNETS[name], **channels}).eval()


def unet_pair(name: str, in_channels: int | None = None) -> tuple[UNet, UNet2DConditionModel]:
    """A U-Net of that name twice, with the same random weights."""
    theirs = oracle_unet(name, in_channels)
    names = names_of_unet(theirs)
    heads = theirs.config["attention_head_dim"]
    number = heads if isinstance(heads, int) else None
    config = unet_config(Part(shapes_by(names, theirs), ""), number, None, NORM_GROUPS)
    with without_memory():
        ours = UNet(config).eval()
    weights = fill(ours)
    give(theirs, {oracle: weights[ldm] for ldm, oracle in names.items()})
    return ours, theirs


def oracle_vae(name: str) -> AutoencoderKL:
    """diffusers' autoencoder of that name, without weights."""
    kwargs = VAES[name]
    levels = len(kwargs["block_out_channels"])
    types: Kwargs = {
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
    }
    with without_memory():
        return AutoencoderKL(**kwargs, **types, latent_channels=4).eval()


def vae_pair(name: str) -> tuple[Vae, AutoencoderKL]:
    """An autoencoder of that name twice, with the same random weights."""
    theirs = oracle_vae(name)
    names = names_of_vae(theirs)
    with without_memory():
        ours = Vae(vae_config(Part(shapes_by(names, theirs), ""), 1.0, NORM_GROUPS)).eval()
    weights = fill(ours)
    give(theirs, {oracle: weights[ldm] for ldm, oracle in names.items()})
    return ours, theirs


def oracle_text(kwargs: Kwargs, activation: str) -> CLIPTextModelWithProjection:
    """transformers' CLIP text encoder, without weights."""
    end = kwargs.get("vocab_size", 49408) - 1
    config = CLIPTextConfig(**kwargs, hidden_act=activation, eos_token_id=end)
    with without_memory():
        theirs = CLIPTextModelWithProjection(config).eval()
    positions = torch.arange(77)[None]  # a buffer that is in no file
    theirs.text_model.embeddings.register_buffer("position_ids", positions, persistent=False)
    return theirs


def clip_pair(name: str) -> tuple[ClipText, CLIPTextModelWithProjection]:
    """A CLIP text encoder of that name twice, with the same random weights."""
    theirs = oracle_text(CLIPS[name], "quick_gelu")
    with without_memory():
        ours = ClipText(clip_config(Part(shapes_of(theirs), ""))).eval()
    weights = fill(ours)
    unused = torch.zeros(theirs.text_projection.weight.shape)
    give(theirs, weights | {"text_projection.weight": unused})
    return ours, theirs


def open_clip_pair(name: str) -> tuple[OpenClipText, CLIPTextModelWithProjection]:
    """An OpenCLIP text encoder of that name twice, with the same random weights."""
    theirs = oracle_text(OPEN_CLIPS[name], "gelu")
    with without_memory():
        ours = OpenClipText(open_clip_config(Part(open_clip_shapes(theirs), ""))).eval()
    give(theirs, split_open_clip(fill(ours)))
    return ours, theirs


def shapes_of(network: nn.Module) -> dict[str, Shape]:
    """Shape of every tensor of a network."""
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def shapes_by(names: Mapping[str, str], oracle: nn.Module) -> dict[str, Shape]:
    """Shapes in a single file; the oracle keeps the 1 x 1 convolutions of VAEs as matrices."""
    shapes = shapes_of(oracle)
    return {
        ldm: (*shapes[name], 1, 1) if _is_flattened(ldm, shapes[name]) else shapes[name]
        for ldm, name in names.items()
    }


def _is_flattened(ldm_name: str, shape: Shape) -> bool:
    return ".mid.attn_1." in ldm_name and len(shape) == 2


def names_of_unet(oracle: UNet2DConditionModel) -> dict[str, str]:
    """Single-file name → diffusers name."""
    config = oracle.config
    levels, res_blocks = len(config["block_out_channels"]), config["layers_per_block"]
    return unet_names(oracle.state_dict(), levels, res_blocks)


def names_of_vae(oracle: AutoencoderKL) -> dict[str, str]:
    """Single-file name → diffusers name."""
    config = oracle.config
    levels, res_blocks = len(config["block_out_channels"]), config["layers_per_block"]
    return vae_names(oracle.state_dict(), levels, res_blocks)


def open_clip_shapes(oracle: CLIPTextModelWithProjection) -> dict[str, Shape]:
    """Shapes in a single file: queries, keys and values stacked, the projection transposed."""
    shapes: dict[str, Shape] = {}
    for name, shape in shapes_of(oracle).items():
        ldm, stacked = open_clip_name(name)
        shapes[ldm] = (stacked * shape[0], *shape[1:])
    shapes["text_projection"] = shapes["text_projection"][::-1]
    return shapes


def split_open_clip(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights by transformers' names, as views of those by OpenCLIP's."""
    split: dict[str, Tensor] = {}
    for ldm, tensor in weights.items():
        for part, name in enumerate(names := open_clip_oracle_names(ldm)):
            split[name] = tensor.chunk(len(names))[part]
    split["text_projection.weight"] = split["text_projection.weight"].T
    return split


def fill(network: nn.Module, seed: int = 0) -> dict[str, Tensor]:
    """Give a network random weights of a size that keeps its activations sane."""
    generator = torch.Generator().manual_seed(seed)
    weights = {
        name: random_weights(name, tuple(tensor.shape), generator)
        for name, tensor in network.state_dict().items()
    }
    network.load_state_dict(weights, assign=True)
    return weights


def random_weights(name: str, shape: Shape, generator: torch.Generator) -> Tensor:
    """Numbers for the tensor of that name, of a size that keeps activations sane."""
    noise = torch.randn(shape, generator=generator)
    if len(shape) == 1:
        return noise.mul_(0.1).add_(1.0 if name.endswith("weight") else 0.0)
    fan_in = noise[0].numel() if "embedding" not in name else 1
    return noise.mul_(fan_in**-0.5)


def give(oracle: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Let the oracle use these very weights, without a copy."""
    shapes = shapes_of(oracle)
    shared = {name: tensor.reshape(shapes[name]) for name, tensor in weights.items()}
    oracle.load_state_dict(shared, assign=True)


def difference(ours: Tensor, theirs: Tensor) -> float:
    """Largest difference, relative to the oracle's largest value."""
    assert ours.shape == theirs.shape
    return ((ours - theirs).abs().max() / theirs.abs().max()).item()
