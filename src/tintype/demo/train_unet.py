"""Train the demo model's text encoder and U-Net on latents of fresh pictures.

    python -m tintype.demo.train_unet --vae build/vae.pt --minutes 80 --out build/unet.pt

An interrupted run goes on from `--out`; `--start` goes on from a finished checkpoint.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn

from tintype.core.noise_levels import scaled_linear_levels
from tintype.demo.checkpoint import CHECKPOINT, TEXT_PREFIX, UNET_PREFIX, VAE_PREFIX
from tintype.demo.draw import COLOURS, SHAPES, draw
from tintype.demo.scenes import loose_words_for, random_scene
from tintype.demo.train_vae import VAE
from tintype.demo.trainer import Loss, Schedule, compile_blocks, to_channels_last, train
from tintype.networks import clip as clip_module
from tintype.networks import unet_blocks
from tintype.networks.clip import ClipConfig, ClipText
from tintype.networks.reading import read_tensor
from tintype.networks.unet import UNet, UNetConfig
from tintype.networks.unet_blocks import ResBlock, SpatialTransformer, TransformerBlock
from tintype.networks.vae import Vae
from tintype.prompt.chunks import chunks
from tintype.prompt.tokenizer import Tokenizer, load_tokenizer
from tintype.tensorfiles import open_table

TEXT = ClipConfig(width=64, layers=6, heads=1)
UNET = UNetConfig(
    in_channels=4,
    out_channels=4,
    model_channels=32,
    channels=(64, 96, 128),
    res_blocks=1,
    depths_in=(0, 1, 1),
    depth_middle=1,
    depths_out=(1, 1, 1, 1, 0, 0),
    context_width=64,
    num_heads=4,
    norm_groups=8,
)
WORDS = (*COLOURS, *SHAPES, "a", "an", "and", "on", "background", "picture", "of", ",")
CELLS_PER_BATCH = 32 * 16 * 16  # latent cells in a batch, whatever its pictures' size
UNCONDITIONAL = 0.1  # share of pictures learnt without their words
SNR_BOUND = 5.0  # weight of nearly clean latents, Hang et al. 2023, arXiv:2303.09556
FRESH_SHARE = 8  # one in so many latents of a batch is new, the others come again
POOL_BATCHES = 24

Size = tuple[int, int]
EARLY: dict[Size, float] = {(128, 128): 0.75, (256, 256): 0.25}
LATE: dict[Size, float] = {(128, 128): 0.2, (256, 256): 0.65, (192, 256): 0.1, (512, 512): 0.05}
LATE_FROM = 0.8  # of the time

COMPILED = ((128, 128), (256, 256))  # compiling takes two minutes; the other sizes are too rare


class TextToNoise(nn.Module):
    """Text encoder and U-Net, learnt together."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ClipText(TEXT)
        self.unet = UNet(UNET)

    def prepare(self, known_tokens: Sequence[int]) -> None:
        """Starting weights: every block begins as the identity, words never seen as nothing."""
        for module in self.unet.modules():
            if isinstance(module, ResBlock):
                _silence(module.out_layers[3])
            elif isinstance(module, SpatialTransformer):
                _silence(module.proj_out)
        _silence(self.unet.out[2])
        embeddings = self.text.text_model.embeddings
        nn.init.zeros_(embeddings.token_embedding.weight)
        with torch.no_grad():
            for token in sorted(set(known_tokens)):
                embeddings.token_embedding.weight[token].normal_(std=0.1)
        nn.init.normal_(embeddings.position_embedding.weight, std=0.05)

    def forward(self, x: Tensor, timesteps: Tensor, tokens: Tensor) -> Tensor:
        return self.unet(x, timesteps, self.text(tokens))


class Pool:
    """Latents and tokens of one picture size, a few of them renewed with every batch."""

    def __init__(self, size: Size, vae: Vae, tokenizer: Tokenizer, random: Random) -> None:
        self.size, self.vae, self.tokenizer, self.random = size, vae, tokenizer, random
        cells = size[0] * size[1] // VAE.factor**2
        self.batch_size = max(2, CELLS_PER_BATCH // cells)
        fresh = self._fresh(self.batch_size)
        self.latents, self.tokens = fresh

    def batch(self) -> tuple[Tensor, Tensor]:
        """Latents (B, 4, h, w) of unit variance and tokens (B, 77)."""
        is_full = len(self.latents) >= POOL_BATCHES * self.batch_size
        latents, tokens = self._fresh(max(1, self.batch_size // (FRESH_SHARE if is_full else 2)))
        if is_full:
            places = torch.randint(len(self.latents), (len(latents),))
            self.latents[places], self.tokens[places] = latents, tokens
        else:
            self.latents = torch.cat([self.latents, latents])
            self.tokens = torch.cat([self.tokens, tokens])
        rows = torch.randint(len(self.latents), (self.batch_size,))
        return self.latents[rows], self.tokens[rows]

    def _fresh(self, count: int) -> tuple[Tensor, Tensor]:
        scenes = [random_scene(self.random, self.random.choice((1, 2))) for _ in range(count)]
        pictures = np.stack([np.asarray(draw(scene, *self.size)) for scene in scenes])
        pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).bfloat16() / 127.5 - 1
        words = [loose_words_for(scene, self.random) for scene in scenes]
        tokens = [chunks(self.tokenizer.tokens(text))[0].tokens for text in words]
        with torch.no_grad():
            mean, _ = self.vae.encode(pixels)
        return mean.float() * VAE.scale, torch.tensor(tokens)


def plain_attend(q: Tensor, k: Tensor, v: Tensor, heads: int, *, causal: bool = False) -> Tensor:
    """`networks.layers.attend` by two matrix products.

    The backward pass of torch's fused attention is 4 to 8 times slower than this for our narrow
    heads in bfloat16 on a CPU, which made it a third of a training step.
    """
    q, k, v = (x.reshape(*x.shape[:-1], heads, -1).transpose(1, 2) for x in (q, k, v))
    scores = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).float()
    if causal:
        scores = scores + torch.full(scores.shape[-2:], -torch.inf).triu(1)
    return (scores.softmax(dim=-1).to(v.dtype) @ v).transpose(1, 2).flatten(-2)


def build(rank: int, vae_path: Path, start: Path | None) -> tuple[nn.Module, Loss]:
    """The networks and the loss of one process, whose attention is replaced for good."""
    unet_blocks.attend = clip_module.attend = plain_attend
    random, tokenizer = Random(rank + int.from_bytes(np.random.bytes(4), "big")), load_tokenizer()
    vae = trained_vae(vae_path).bfloat16()
    to_channels_last(vae)
    model = TextToNoise()
    model.prepare([token for word in WORDS for token in tokenizer.tokens(word)] + [49406, 49407])
    if start is not None:
        model.unet.load_state_dict(part_of(start, UNET_PREFIX))
        model.text.load_state_dict(part_of(start, TEXT_PREFIX))
    compile_blocks(model.unet, ResBlock, TransformerBlock)
    pools: dict[Size, Pool] = {}
    nothing = torch.tensor(chunks([])[0].tokens)
    alphas = torch.tensor(scaled_linear_levels().alphas_cumprod)

    def loss(gone: float) -> Tensor:
        sizes = EARLY if gone < LATE_FROM else LATE
        size = random.choices(list(sizes), list(sizes.values()))[0]
        if size not in pools:
            pools[size] = Pool(size, vae, tokenizer, random)
        latents, tokens = pools[size].batch()
        tokens[torch.rand(len(tokens)) < UNCONDITIONAL] = nothing
        timesteps = torch.randint(1000, (len(latents),))
        noise, alpha = torch.randn_like(latents), alphas[timesteps][:, None, None, None]
        noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
        x = noisy.bfloat16().to(memory_format=torch.channels_last)
        with torch.compiler.set_stance("default" if size in COMPILED else "force_eager"):
            made = model(x, timesteps, tokens).float()
        error = (made - noise).square().mean(dim=(1, 2, 3))
        return (error * weight_of((alpha / (1 - alpha)).flatten())).mean()

    return model, loss


def weight_of(snr: Tensor) -> Tensor:
    """Weight of the squared error of the noise at a signal-to-noise ratio.

    Nearly clean latents count less (min-SNR). Very noisy ones, where the words decide what there
    will be, count more than a noise-predicting loss would have them: almost as for v-prediction.
    """
    return snr.clamp(max=SNR_BOUND) / snr * (1 + 1 / snr) ** 0.75


def part_of(checkpoint: Path, prefix: str) -> dict[str, Tensor]:
    """The tensors of one network in a finished checkpoint, in float32."""
    tensors = open_table(checkpoint).tensors
    names = [name for name in tensors if name.startswith(prefix)]
    return {name.removeprefix(prefix): read_tensor(tensors[name]).float() for name in names}


def trained_vae(path: Path) -> Vae:
    """The autoencoder of a finished checkpoint, or of a file written by `train_vae`."""
    vae = Vae(VAE)
    if path.suffix == ".safetensors":
        vae.load_state_dict(part_of(path, VAE_PREFIX))
        return vae
    vae.load_state_dict(torch.load(path, weights_only=True)["averaged"])
    return normalised(vae, Random(0))


def normalised(vae: Vae, random: Random) -> Vae:
    """The same autoencoder with latents of zero mean and unit variance after SD's scale factor.

    The change is folded into the two 1 × 1 convolutions around the latents.
    """
    scenes = [random_scene(random, random.choice((1, 2))) for _ in range(64)]
    pictures = np.stack([np.asarray(draw(scene, 256, 256)) for scene in scenes])
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        latents, _ = vae.encode(pixels)
        mean, spread = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3)) * VAE.scale
        z = VAE.latent_channels
        into, out = vae.quant_conv, vae.post_quant_conv
        out.bias += out.weight[:, :, 0, 0] @ mean  # type: ignore[operator]
        out.weight *= spread[None, :, None, None]
        into.weight[:z] /= spread[:, None, None, None]
        into.bias[:z] = (into.bias[:z] - mean) / spread  # type: ignore[index]
        into.bias[z:] -= 2 * spread.log()  # type: ignore[index]
    return vae


def _silence(layer: nn.Module) -> None:
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vae", type=Path, default=CHECKPOINT, help="a .pt, or a checkpoint")
    parser.add_argument("--start", type=Path, help="checkpoint to go on from")
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    schedule = Schedule(options.minutes, 1.2e-3, cores=options.cores)
    train(partial(build, vae_path=options.vae, start=options.start), schedule, options.out)


if __name__ == "__main__":
    main()
