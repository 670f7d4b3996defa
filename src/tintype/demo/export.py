"""Put the trained parts into one checkpoint, as SD 1.x files are laid out.

python -m tintype.demo.export --unet build/unet.pt --decoder build/decoder.pt
"""

import argparse
from pathlib import Path

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor

from tintype.demo.checkpoint import CHECKPOINT, TEXT_PREFIX, UNET_PREFIX, VAE_PREFIX
from tintype.demo.train_unet import UNET, TextToNoise, trained_vae

LARGEST_FILE_BYTES = 20_000_000

METADATA = {
    "modelspec.title": "tintype-shapes",
    "modelspec.architecture": "stable-diffusion-v1",
    "modelspec.author": "The Tintype authors",
    "modelspec.license": "Apache-2.0",
    "modelspec.resolution": "256x256",
    "modelspec.prediction_type": "epsilon",
    "tintype.num_heads": str(UNET.num_heads),
    "tintype.norm_groups": str(UNET.norm_groups),
}


def tensors(unet: Path, decoder: Path) -> dict[str, Tensor]:
    """Every tensor of the checkpoint, in float16, by its name in the file."""
    model = TextToNoise()
    model.load_state_dict(torch.load(unet, weights_only=True)["averaged"])
    parts = {
        UNET_PREFIX: model.unet,
        VAE_PREFIX: trained_vae(decoder),
        TEXT_PREFIX: model.text,
    }
    return {
        prefix + name: tensor.detach().half().contiguous()
        for prefix, network in parts.items()
        for name, tensor in network.state_dict().items()
    }


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--unet", type=Path, required=True)
    parser.add_argument("--decoder", type=Path, required=True, help="a .pt, or a checkpoint")
    parser.add_argument("--out", type=Path, default=CHECKPOINT)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors(options.unet, options.decoder), options.out, METADATA)
    size = options.out.stat().st_size
    print(f"{options.out}: {size:,} bytes")
    if size > LARGEST_FILE_BYTES:
        raise SystemExit(f"larger than the {LARGEST_FILE_BYTES:,} bytes it may have")


if __name__ == "__main__":
    main()
