"""Train the demo model's autoencoder, then its decoder alone against the finished encoder.

python -m tintype.demo.train_vae both    --minutes 14 --out build/vae.pt
python -m tintype.demo.train_vae decoder --minutes 25 --out build/decoder.pt --encoder build/vae.pt
"""

import argparse
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tintype.demo.draw import draw
from tintype.demo.scenes import random_scene, random_texture
from tintype.demo.trainer import Loss, Schedule, compile_blocks, train
from tintype.networks.vae import Vae, VaeConfig, VaeResBlock

VAE = VaeConfig(channels=(32, 32, 64, 64), res_blocks=1, norm_groups=8)
KL_WEIGHT = 2e-5
EDGE_WEIGHT = 1.0
PIXELS_PER_BATCH = 16 * 64 * 64


def pictures(random: Random, size: int, count: int) -> Tensor:
    """Random pictures as (count, 3, size, size) in −1 … 1; those under 128² are windows."""
    rows: list[np.ndarray] = []
    for _ in range(count):
        is_texture = size < 128 or random.random() < 0.2
        scene = (
            random_texture(random) if is_texture else random_scene(random, random.choice((1, 2)))
        )
        rows.append(np.asarray(draw(scene, size, size)))
    pixels = torch.from_numpy(np.stack(rows)).permute(0, 3, 1, 2)
    return pixels.float() / 127.5 - 1


def likeness(made: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference, with the neighbourhood of edges weighing more."""
    span = functional.max_pool2d(wanted, 3, 1, 1) + functional.max_pool2d(-wanted, 3, 1, 1)
    weight = 1 + EDGE_WEIGHT * (span.amax(dim=1, keepdim=True) > 0.1).float()
    return ((made - wanted).abs() * weight).mean()


def build_both(rank: int) -> tuple[nn.Module, Loss]:
    """Encoder and decoder together: small pictures first, larger ones in the last third."""
    vae, random = Vae(VAE), Random(rank)
    compile_blocks(vae, VaeResBlock)

    def loss(gone: float) -> Tensor:
        size = 64 if gone < 0.66 or random.random() < 0.5 else 128
        batch = pictures(random, size, PIXELS_PER_BATCH // size**2)
        mean, log_variance = vae.encode(batch.bfloat16())
        mean, log_variance = mean.float(), log_variance.float()
        latent = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean()
        return likeness(vae.decode(latent.bfloat16()).float(), batch) + KL_WEIGHT * kl

    return vae, loss


def build_decoder(rank: int, encoder: Path) -> tuple[nn.Module, Loss]:
    """The decoder alone, on the pictures of the trade, at the sizes they will have."""
    vae, random = Vae(VAE), Random(1000 + rank)
    vae.load_state_dict(torch.load(encoder, weights_only=True)["averaged"])
    compile_blocks(vae, VaeResBlock)
    vae.encoder.requires_grad_(False)
    vae.quant_conv.requires_grad_(False)

    def loss(gone: float) -> Tensor:
        size = random.choice((64, 128, 256))
        count = max(1, PIXELS_PER_BATCH // size**2)
        batch = pictures(random, size, count)
        with torch.no_grad():
            mean, _ = vae.encode(batch.bfloat16())
            noise = 0.04 * mean.float().std() * torch.randn(mean.shape)
        latent = mean + noise.bfloat16()
        return likeness(vae.decode(latent).float(), batch)

    return vae, loss


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("both", "decoder"))
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, help="for the decoder: written by the other part")
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    options = parser.parse_args()
    schedule = Schedule(options.minutes, options.rate, cores=options.cores)
    if options.part == "both":
        train(build_both, schedule, options.out)
    else:
        train(partial(build_decoder, encoder=options.encoder), schedule, options.out)


if __name__ == "__main__":
    main()
