"""Autoencoders in files of their own against diffusers, on the same weights."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import torch as safetensors_torch
from tests.fakes.checkpoints import save_tensors, write_tiny_checkpoint
from tests.fakes.plans import record_of
from tests.parity.oracles import difference, vae_pair
from torch import Tensor

from tintype.core.models import VaeRecord
from tintype.core.orders import Decode, EncodePixels, Network
from tintype.engine import Checkpoints, Passes, Residency
from tintype.networks import load_autoencoder, load_checkpoint
from tintype.networks.vae import Vae, VaeConfig

BOUND = 1e-5  # sums in another order
SCALE = 0.18215  # of SD 1.x
CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def files(folder: Path) -> tuple[dict[str, Path], Vae, Any]:
    """One autoencoder in every layout there is, ours of the same weights, and diffusers'."""
    ours, theirs = vae_pair("tiny SD")
    theirs.save_pretrained(folder / "saved")
    own = {name: tensor.contiguous() for name, tensor in ours.state_dict().items()}
    diffusers = folder / "saved" / "diffusion_pytorch_model.safetensors"
    stored: Any = safetensors_torch.load_file(diffusers)  # pyright: ignore[reportUnknownMemberType]
    torch.save({"state_dict": own}, folder / "ldm.pt")
    torch.save(stored, folder / "diffusers.bin.pt")
    found = {
        "ldm": save_tensors(own, folder / "ldm.safetensors"),
        "ldm pickle": folder / "ldm.pt",
        "prefixed": save_tensors(
            {f"first_stage_model.{name}": t for name, t in own.items()},
            folder / "prefixed.safetensors",
        ),
        "diffusers": diffusers,
        "diffusers pickle": folder / "diffusers.bin.pt",
    }
    return found, ours, theirs


def noise(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_every_layout_is_the_same_autoencoder(tmp_path: Path) -> None:
    """Both ways equal diffusers', whatever form the file has."""
    found, ours, theirs = files(tmp_path)
    latents, pixels = noise(1, 4, 4, 6, seed=1), noise(1, 3, 32, 48, seed=2).clamp(-1, 1)
    picture = theirs.decode(latents, return_dict=False)[0]
    mean = theirs.encode(pixels).latent_dist.mean
    for name, path in found.items():
        vae = load_autoencoder(path, VaeConfig((1,) * 4, 1), CPU, torch.float32).vae
        assert vae.config == VaeConfig(ours.config.channels, 1), name
        assert difference(vae.decode(latents), picture) <= BOUND, name
        assert difference(vae.encode(pixels)[0], mean) <= BOUND, name


def test_a_picture_is_what_diffusers_makes_of_its_latent(tmp_path: Path) -> None:
    """With an autoencoder of a file, a checkpoint's latents are scaled as its own would be."""
    found, _, theirs = files(tmp_path)
    checkpoint = record_of(write_tiny_checkpoint(tmp_path / "tiny.safetensors"))
    status = found["diffusers"].stat()
    vae = VaeRecord("a", found["diffusers"], status.st_size, status.st_mtime_ns)
    network = Network(checkpoint, vae=vae)
    passes = Passes(
        Residency(Checkpoints(lambda r: load_checkpoint(r.path, None, CPU, torch.float32), 10**10))
    )
    latent, pixels = noise(4, 4, 6, seed=3), noise(3, 32, 48, seed=4).clamp(-1, 1)
    (picture,) = passes.run([Decode(network, latent)])
    (encoded,) = passes.run([EncodePixels(network, pixels)])
    expected = theirs.decode(latent[None] / SCALE, return_dict=False)[0][0]
    levels = (255 * ((expected + 1) / 2).clamp(0, 1)).permute(1, 2, 0)
    assert isinstance(picture, Tensor)
    assert (picture.float() - levels.floor()).abs().max() <= 1  # of 255: levels are cut off
    mean = theirs.encode(pixels[None]).latent_dist.mean[0] * SCALE
    assert isinstance(encoded, Tensor)
    assert difference(encoded, mean) <= BOUND
