"""Autoencoders in files of their own, loaded in place of a checkpoint's."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

from tintype.core.families import VAE_PREFIX, other_kind
from tintype.errors import ModelError
from tintype.networks.autoencoder import Autoencoder
from tintype.networks.filling import Filling, fill, without_memory
from tintype.networks.sizes import Part, vae_config
from tintype.networks.vae import Vae, VaeConfig
from tintype.tensorfiles import StoredTensor, naming, open_table

_SIGNS = ("encoder.conv_in.weight", "decoder.conv_in.weight", "encoder.down.0.block.0.conv1.weight")


def load_autoencoder(
    path: Path, own: VaeConfig, device: torch.device, dtype: torch.dtype
) -> Autoencoder:
    """Load an autoencoder for the latents of a checkpoint.

    Files are taken in the layout of LDM or diffusers, and those that keep an autoencoder among
    other things, as checkpoints do. What belongs to training alone is left out.

    Args:
        path: a file of tensors.
        own: the checkpoint's own autoencoder, whose latents the file's must be like.
        device: where the weights go.
        dtype: what they are cast to.

    Raises:
        ModelError: the file is missing, torn, foreign or incomplete, or its latents are others.
    """
    with naming(f"VAE {path.name}"):
        tensors = _tensors_in(path)
        config = _config_of({name: tensor.shape for name, tensor in tensors.items()}, own)
        with without_memory():
            vae = Vae(config)
        fill([Filling(vae, {"": ""}, dtype, device)], tensors)
    return Autoencoder(vae)


def _tensors_in(path: Path) -> Mapping[str, StoredTensor]:
    """Its tensors by the names of `Vae`; other parts of a checkpoint stay as they are."""
    tensors = open_table(path).tensors
    if not any(name.startswith(VAE_PREFIX) for name in tensors):
        return tensors
    return {name.removeprefix(VAE_PREFIX): tensor for name, tensor in tensors.items()}


def _config_of(shapes: Mapping[str, tuple[int, ...]], own: VaeConfig) -> VaeConfig:
    if any(sign not in shapes for sign in _SIGNS):
        raise ModelError(
            f"This is no autoencoder (VAE); it looks like {other_kind(shapes)}."
            " Expected were tensors named encoder.…, decoder.… and post_quant_conv.…."
        )
    config = vae_config(Part(shapes, ""), own.scale, own.norm_groups)
    for what, here, there in (
        ("channels in a latent", config.latent_channels, own.latent_channels),
        ("pixels to a latent cell", config.factor, own.factor),
        ("channels in a picture", config.picture_channels, own.picture_channels),
    ):
        if here != there:
            raise ModelError(f"It is for other checkpoints: it has {here} {what}, not {there}.")
    return replace(config, mean=own.mean, spread=own.spread)
