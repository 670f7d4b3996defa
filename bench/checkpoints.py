"""Checkpoints of true shapes with random weights: for speed the numbers in them do not matter."""

from pathlib import Path
from typing import cast

import torch
from safetensors import torch as safetensors_torch
from torch import Tensor, nn

from tintype.networks.clip import ClipConfig, ClipText
from tintype.networks.filling import without_memory
from tintype.networks.unet import UNet, UNetConfig
from tintype.networks.vae import Vae, VaeConfig

SD15_UNET = UNetConfig(
    in_channels=4,
    out_channels=4,
    model_channels=320,
    channels=(320, 640, 1280, 1280),
    res_blocks=2,
    depths_in=(1, 1, 1, 1, 1, 1, 0, 0),
    depth_middle=1,
    depths_out=(0, 0, 0, *(1,) * 9),
    context_width=768,
)
SD15_VAE = VaeConfig((128, 256, 512, 512), 2)
SD15_TEXT = ClipConfig(width=768, layers=12, heads=12)
FOLDER = Path(__file__).parents[1] / "build" / "bench"


def sd15_tree() -> Path:
    """A models folder with a random checkpoint of SD 1.5's shapes in float16, written once."""
    path = FOLDER / "models" / "Stable-diffusion" / "random-sd15.safetensors"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with without_memory():
            networks: dict[str, nn.Module] = {
                "model.diffusion_model.": UNet(SD15_UNET),
                "first_stage_model.": Vae(SD15_VAE),
                "cond_stage_model.transformer.": ClipText(SD15_TEXT),
            }
        _write(networks, path)
    return path.parents[1]


def _write(networks: dict[str, nn.Module], path: Path) -> None:
    generator = torch.Generator().manual_seed(15)
    tensors = {
        prefix + name: _weights(name, like, generator).half()
        for prefix, network in networks.items()
        for name, like in network.state_dict().items()
    }
    unfinished = path.with_suffix(".part")
    save = cast("object", safetensors_torch.save_file)
    assert callable(save)
    save(tensors, unfinished)
    unfinished.rename(path)


def _weights(name: str, like: Tensor, generator: torch.Generator) -> Tensor:
    """Matrices N(0, 1/fan_in), gains one, biases zero: activations neither grow nor die out.

    Texts end in a bias, for the emphasis of prompts divides by their mean.
    """
    if "final_layer_norm.bias" in name:
        return torch.full(like.shape, 0.1)
    if like.ndim < 2:
        return torch.full(like.shape, 1.0 if name.endswith("weight") else 0.0)
    fan_in = like[0].numel()
    return torch.randn(like.shape, generator=generator) * fan_in**-0.5
