"""Tiny checkpoints with random weights in the single-file layouts, whole and spoilt.

They have the vocabulary of CLIP, so real prompts can be encoded; a file takes a few megabytes.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import torch as safetensors_torch
from torch import Tensor, nn

from tintype.networks.clip import ClipConfig, ClipText
from tintype.networks.identify import (
    CLIP_PREFIXES,
    OPEN_CLIP_PREFIXES,
    UNET_PREFIX,
    VAE_PREFIX,
    Family,
)
from tintype.networks.openclip import OpenClipConfig, OpenClipText
from tintype.networks.unet import UNet, UNetConfig
from tintype.networks.vae import Vae, VaeConfig

TINY_CLIP = ClipConfig(width=32, layers=2, heads=1, hidden_width=64)
TINY_OPEN_CLIP = OpenClipConfig(
    width=32,
    layers=2,
    heads=1,
    vocabulary=49408,
    positions=77,
    hidden_width=64,
    projection_width=16,
)
TINY_VAE = VaeConfig(channels=(32, 32, 32, 32), res_blocks=1)
CONTEXT_WIDTHS: Mapping[Family, int] = {"sd1": 32, "sd2": 32, "sdxl": 64, "sdxl_refiner": 32}
VECTOR_WIDTHS: Mapping[Family, int] = {  # pooled text, and waves of sizes (and a score)
    "sdxl": 16 + 6 * 256,
    "sdxl_refiner": 16 + 5 * 256,
}


def save_tensors(
    tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str] | None = None
) -> Path:
    """Write a safetensors file, through the one place that knows its stubs are loose."""
    header = dict(metadata) if metadata else None
    safetensors_torch.save_file(dict(tensors), path, header)  # pyright: ignore[reportUnknownMemberType]
    return path


def tiny_unet(family: Family = "sd1", in_channels: int = 4) -> UNetConfig:
    """The U-Net of the tiny checkpoint of a family."""
    return UNetConfig(
        in_channels=in_channels,
        out_channels=4,
        model_channels=32,
        channels=(32, 64),
        res_blocks=1,
        depths_in=(1, 1),
        depth_middle=1,
        depths_out=(1, 1, 1, 1),
        context_width=CONTEXT_WIDTHS[family],
        vector_width=VECTOR_WIDTHS.get(family),
        num_heads=None,
        head_channels=64,
        linear_projection=family != "sd1",
    )


def tiny_tensors(
    seed: int = 0, *, family: Family = "sd1", in_channels: int = 4, dtype: torch.dtype = torch.half
) -> dict[str, Tensor]:
    """Every tensor of a tiny checkpoint, by its name in the file."""
    networks: dict[str, nn.Module] = {VAE_PREFIX: Vae(TINY_VAE)}
    networks[UNET_PREFIX] = UNet(tiny_unet(family, in_channels))
    if family in CLIP_PREFIXES:
        networks[CLIP_PREFIXES[family]] = ClipText(TINY_CLIP)
    if family in OPEN_CLIP_PREFIXES:
        networks[OPEN_CLIP_PREFIXES[family]] = OpenClipText(TINY_OPEN_CLIP)
    generator = torch.Generator().manual_seed(seed)
    return {
        prefix + name: _weights(name, tensor, generator).to(dtype)
        for prefix, network in networks.items()
        for name, tensor in network.state_dict().items()
    }


def write_tiny_checkpoint(
    path: Path,
    seed: int = 0,
    *,
    family: Family = "sd1",
    in_channels: int = 4,
    dtype: torch.dtype = torch.half,
    metadata: Mapping[str, str] | None = None,
    without: str | None = None,
) -> Path:
    """Write a tiny checkpoint whose U-Net does something; the same seed gives the same bytes.

    Args:
        path: a `.safetensors` file to be.
        seed: of the weights.
        family: which layout.
        in_channels: 4, or 9 for inpainting.
        dtype: of the tensors in the file.
        metadata: free text for the header.
        without: leave out tensors whose names begin with this.
    """
    tensors = tiny_tensors(seed, family=family, in_channels=in_channels, dtype=dtype)
    kept = {k: v for k, v in tensors.items() if without is None or not k.startswith(without)}
    return save_tensors(kept, path, metadata)


def write_torn_checkpoint(path: Path, keep: float = 0.5) -> Path:
    """Write a tiny checkpoint of which only the first part is there, as after a lost connection."""
    content = write_tiny_checkpoint(path).read_bytes()
    path.write_bytes(content[: int(keep * len(content))])
    return path


def write_old_checkpoint(path: Path, seed: int = 0) -> Path:
    """Write a tiny checkpoint as of 2022: without `text_model.`, with buffers and EMA weights."""
    old, new = "cond_stage_model.transformer.", "cond_stage_model.transformer.text_model."
    tensors = {k.replace(new, old): v for k, v in tiny_tensors(seed).items()}
    tensors[f"{old}embeddings.position_ids"] = torch.arange(77)[None]
    tensors["alphas_cumprod"] = torch.linspace(0.99, 0.005, 1000)
    tensors["model_ema.decay"] = torch.tensor(0.9999)
    tensors["model_ema.diffusion_modelout2bias"] = torch.zeros(4)
    return save_tensors(tensors, path)


def write_lora(path: Path) -> Path:
    """Write a file of the kind that is often mistaken for a checkpoint."""
    layer = "lora_unet_middle_block_1_transformer_blocks_0_attn1_to_q"
    names = (f"{layer}.lora_up.weight", f"{layer}.lora_down.weight")
    return save_tensors({names[0]: torch.zeros(64, 4), names[1]: torch.zeros(4, 64)}, path)


def write_vae_alone(path: Path) -> Path:
    """Write an autoencoder as A1111's VAE folder has them."""
    tensors = tiny_tensors()
    start = VAE_PREFIX
    alone = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
    return save_tensors(alone, path)


def write_random_tensors(path: Path) -> Path:
    """Write a safetensors file that has nothing to do with pictures."""
    return save_tensors({"alpha": torch.zeros(3), "beta.weight": torch.zeros(2, 2)}, path)


def _weights(name: str, like: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(like.shape, generator=generator)
    if like.ndim == 1:
        return 0.1 * noise + (1.0 if name.endswith("weight") else 0.0)
    fan_in = 1 if "embedding" in name else noise[0].numel()
    return noise * fan_in**-0.5
