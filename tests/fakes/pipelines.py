"""Tiny diffusers pipelines with random weights, saved by diffusers itself."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import (
    StableDiffusionXLPipeline,
)
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from tintype.core.families import Family

Kwargs = Mapping[str, Any]
_Network = TypeVar("_Network", bound=nn.Module)

_CROSS, _PLAIN = "CrossAttnDownBlock2D", "DownBlock2D"
_CROSS_UP, _PLAIN_UP = "CrossAttnUpBlock2D", "UpBlock2D"
_UNET: Kwargs = {
    "down_block_types": (_CROSS, _CROSS, _PLAIN),
    "up_block_types": (_PLAIN_UP, _CROSS_UP, _CROSS_UP),
    "block_out_channels": (32, 64, 64),
    "layers_per_block": 2,
    "cross_attention_dim": 32,
    "attention_head_dim": 8,
}
_LINEAR: Kwargs = {"use_linear_projection": True, "attention_head_dim": (1, 2, 2)}
_VECTOR: Kwargs = {
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "down_block_types": (_PLAIN, _CROSS, _CROSS),
    "up_block_types": (_CROSS_UP, _CROSS_UP, _PLAIN_UP),
    "transformer_layers_per_block": (1, 2, 3),
}
_UNETS: Mapping[Family, Kwargs] = {
    "sd1": _UNET,
    "sd2": _UNET | _LINEAR,
    "sdxl": _UNET
    | _LINEAR
    | _VECTOR
    | {"cross_attention_dim": 64, "projection_class_embeddings_input_dim": 32 + 6 * 256},
    "sdxl_refiner": _UNET
    | _LINEAR
    | _VECTOR
    | {"projection_class_embeddings_input_dim": 32 + 5 * 256},
}
_VAE: Kwargs = {
    "block_out_channels": (32, 32, 64),
    "layers_per_block": 1,
    "latent_channels": 4,
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
}
_TEXT: Kwargs = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 1,
    "projection_dim": 32,
}


@cache
def tiny_unet(family: Family, in_channels: int = 4) -> UNet2DConditionModel:
    """A U-Net of a family as diffusers builds it."""
    return random(UNet2DConditionModel(in_channels=in_channels, **_UNETS[family]))


@cache
def tiny_vae() -> AutoencoderKL:
    """An autoencoder as diffusers builds it."""
    return random(AutoencoderKL(**_VAE))


@cache
def tiny_clip() -> CLIPTextModel:
    """CLIP-L as transformers builds it."""
    return random(CLIPTextModel(CLIPTextConfig(**_TEXT, hidden_act="quick_gelu")))


@cache
def tiny_open_clip(*, with_projection: bool = True) -> nn.Module:
    """OpenCLIP as transformers builds it; SD 2's has no projection."""
    kind = CLIPTextModelWithProjection if with_projection else CLIPTextModel
    return random(kind(CLIPTextConfig(**_TEXT, hidden_act="gelu")))


def write_pipeline(
    folder: Path, family: Family, in_channels: int = 4, **saving: object
) -> Mapping[str, nn.Module]:
    """Let diffusers save a tiny pipeline.

    Args:
        folder: to be.
        family: which layout.
        in_channels: 4, or 9 for inpainting, 8 for edit networks.
        saving: what `save_pretrained` shall be told, such as `variant` and `max_shard_size`.

    Returns:
        Its networks by the names of their folders.
    """
    networks: dict[str, Any] = {"unet": tiny_unet(family, in_channels), "vae": tiny_vae()}
    if family != "sdxl_refiner":
        is_plain = family == "sd2"
        networks["text_encoder"] = (
            tiny_open_clip(with_projection=False) if is_plain else tiny_clip()
        )
    if family in ("sdxl", "sdxl_refiner"):
        networks["text_encoder_2"] = tiny_open_clip()
    pipeline: Any = _pipeline(family, networks)
    pipeline.save_pretrained(folder, **saving)
    return networks


def _pipeline(family: Family, networks: Mapping[str, Any]) -> object:
    noise: Any = DDIMScheduler(
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        steps_offset=1,  # else diffusers complains of old files
        clip_sample=False,
    )
    kind: Any = StableDiffusionPipeline
    rest: dict[str, object] = {"safety_checker": None, "feature_extractor": None}
    if family in ("sdxl", "sdxl_refiner"):
        kind, rest = StableDiffusionXLPipeline, {"tokenizer_2": None}
        rest["text_encoder"] = networks.get("text_encoder")
    else:
        rest["requires_safety_checker"] = False
    return kind(**{"tokenizer": None, "scheduler": noise, **rest, **networks})


def random(network: _Network) -> _Network:
    """The same, no two numbers of it alike."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network.eval()
