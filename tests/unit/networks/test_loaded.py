"""Loaded checkpoints at work."""

import subprocess
import sys
from math import log
from pathlib import Path

import pytest
import torch
from tests.fakes.checkpoints import (
    save_tensors,
    tiny_tensors,
    write_lora,
    write_old_checkpoint,
    write_tiny_checkpoint,
)
from torch import Tensor

from tintype.core.orders import Frame
from tintype.errors import EngineError, ModelError
from tintype.networks import Family, LoadedCheckpoint, load_checkpoint

CPU = torch.device("cpu")
END, START = 49407, 49406


@pytest.fixture(autouse=True)
def _no_gradients():
    with torch.inference_mode():
        yield


def loaded(path: Path, dtype: torch.dtype = torch.float32) -> LoadedCheckpoint:
    return load_checkpoint(path, None, CPU, dtype)


@pytest.fixture
def tiny(tmp_path: Path) -> LoadedCheckpoint:
    return loaded(write_tiny_checkpoint(tmp_path / "tiny.safetensors"))


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def chunk(*words: int, padding: int = END) -> Tensor:
    tokens = [START, *words, END]
    return torch.tensor([tokens + [padding] * (77 - len(tokens))])


def test_weights_are_ready_for_inference(tiny: LoadedCheckpoint) -> None:
    """Parameters are cast, off the tape, on the device; convolutions are channels-last."""
    parameters = [
        *tiny.unet.parameters(),
        *tiny.autoencoder.vae.parameters(),
        *tiny.text.parameters(),
    ]
    assert {p.dtype for p in parameters} == {torch.float32}
    assert not any(p.requires_grad or p.is_meta for p in parameters)
    pictures = [p for p in parameters if p.ndim == 4]
    assert all(p.is_contiguous(memory_format=torch.channels_last) for p in pictures)
    assert not tiny.unet.training


def test_every_weight_is_in_its_place(tiny: LoadedCheckpoint) -> None:
    """Each parameter equals the tensor of its name in the file."""
    stored = tiny_tensors()
    for prefix, network in (
        ("model.diffusion_model.", tiny.unet),
        ("first_stage_model.", tiny.autoencoder.vae),
    ):
        for name, parameter in network.state_dict().items():
            assert torch.equal(parameter, stored[prefix + name].float())


def test_bytes_and_factor(tiny: LoadedCheckpoint) -> None:
    """The weights' memory is counted in their own type; a cell is eight pixels wide."""
    assert tiny.bytes == 4 * sum(t.numel() for t in tiny_tensors().values())
    assert tiny.autoencoder.factor == 8


def test_levels(tiny: LoadedCheckpoint) -> None:
    """The noise levels are those of the schedule SD was trained on."""
    assert tiny.levels.sigma_max == 14.614642143249512


def test_old_files_load_alike(tmp_path: Path, tiny: LoadedCheckpoint) -> None:
    """A file of 2022 with buffers and EMA weights gives the same networks."""
    old = loaded(write_old_checkpoint(tmp_path / "old.safetensors"))
    for ours, theirs in zip(old.text.parameters(), tiny.text.parameters(), strict=True):
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl", "sdxl_refiner"])
def test_every_family_goes_all_the_way(tmp_path: Path, family: Family) -> None:
    """Text, one step and pixels have their shapes in every family."""
    network = loaded(write_tiny_checkpoint(tmp_path / "a.safetensors", family=family))
    context, pooled = network.encode_text(chunk(320).repeat(2, 1), 1)
    assert context.shape == (2, 77, network.config.unet.context_width)
    frame = Frame(48, 32)
    vector = None if pooled is None else torch.stack([network.vector(p, frame) for p in pooled])
    denoised = network.denoise(noise(2, 4, 4, 6), [9.0, 0.5], context, vector)
    assert denoised.dtype == torch.float32
    assert network.autoencoder.decode(denoised).shape == (2, 32, 48, 3)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_padding_does_not_matter(tmp_path: Path, family: Family) -> None:
    """Chunks padded by CLIP's habit or OpenCLIP's are encoded alike."""
    network = loaded(write_tiny_checkpoint(tmp_path / "a.safetensors", family=family))
    one, _ = network.encode_text(chunk(320, 1125, padding=END), 1)
    other, _ = network.encode_text(chunk(320, 1125, padding=0), 1)
    assert torch.equal(one, other)


def test_clip_skip(tiny: LoadedCheckpoint) -> None:
    """SD 1.x stops so many layers from the end; going past the first layer changes no more."""
    found = [tiny.encode_text(chunk(320), skip)[0] for skip in (1, 2, 3, 4, 9)]
    assert not torch.equal(found[0], found[1])
    assert torch.equal(found[2], found[4])


def test_rows_keep_their_own_noise_level(tiny: LoadedCheckpoint) -> None:
    """A row is denoised alone as in company, up to float32's rounding of values around 20."""
    x, context = noise(3, 4, 5, 7), noise(3, 77, 32, seed=2)
    sigmas = [14.6, 1.0, 0.03]
    together = tiny.denoise(x, sigmas, context)
    for row in range(3):
        alone = tiny.denoise(x[row : row + 1], sigmas[row : row + 1], context[row : row + 1])
        assert (together[row] - alone[0]).abs().max() <= 1e-5 * alone.abs().max()


def test_noise_prediction(tiny: LoadedCheckpoint) -> None:
    """The clean estimate is what is left when the predicted noise is taken away."""
    x, context, sigma = noise(1, 4, 4, 4), noise(1, 77, 32, seed=2), 2.0
    steps = torch.tensor([tiny.levels.timestep(sigma)])
    eps = tiny.unet(x / 5**0.5, steps, context)
    assert torch.allclose(tiny.denoise(x, [sigma], context), x - sigma * eps, atol=1e-5)


def test_v_prediction(tmp_path: Path) -> None:
    """A v-network's answer is a mixture of picture and noise, and is unmixed."""
    metadata = {"modelspec.prediction_type": "v"}
    network = loaded(write_tiny_checkpoint(tmp_path / "v.safetensors", metadata=metadata))
    x, context, sigma = noise(1, 4, 4, 4), noise(1, 77, 32, seed=2), 2.0
    v = network.unet(x / 5**0.5, torch.tensor([network.levels.timestep(sigma)]), context)
    expected = x / 5 - sigma / 5**0.5 * v
    assert torch.allclose(network.denoise(x, [sigma], context), expected, atol=1e-5)


def test_edm_prediction(tmp_path: Path) -> None:
    """Playground's answers are weighed by the spread of its data, 0.5; its clock is EDM's."""
    marks = {"edm_mean": torch.zeros(4), "edm_std": torch.ones(4)}
    network = loaded(save_tensors(tiny_tensors() | marks, tmp_path / "edm.safetensors"))
    x, context, sigma = noise(1, 4, 4, 4), noise(1, 77, 32, seed=2), 2.0
    answer = network.unet(x / 4.25**0.5, torch.tensor([log(sigma) / 4]), context)
    expected = x * 0.25 / 4.25 + answer * sigma * 0.5 / 4.25**0.5
    found = network.denoise(x, [sigma], context, timesteps=[500.0])
    assert torch.allclose(found, expected, atol=1e-5)


def test_edm_v_prediction(tmp_path: Path) -> None:
    """CosXL answers as a v-network, with the clock of EDM and its own range of levels."""
    marks = {"edm_vpred.sigma_max": torch.tensor(120.0)}
    network = loaded(save_tensors(tiny_tensors() | marks, tmp_path / "edm_v.safetensors"))
    x, context, sigma = noise(1, 4, 4, 4), noise(1, 77, 32, seed=2), 2.0
    v = network.unet(x / 5**0.5, torch.tensor([log(sigma) / 4]), context)
    assert torch.allclose(
        network.denoise(x, [sigma], context), x / 5 - sigma / 5**0.5 * v, atol=1e-5
    )
    assert network.levels.sigma_max == pytest.approx(120)


def test_latents_of_their_own_mean_and_spread(tmp_path: Path) -> None:
    """Playground's latents are normalised by channel before they are scaled, and back."""
    mean, spread = torch.tensor([-1.5, 2.0, 0.5, 0.0]), torch.tensor([8.0, 6.0, 4.0, 2.0])
    marks = {"edm_mean": mean, "edm_std": spread}
    network = loaded(save_tensors(tiny_tensors() | marks, tmp_path / "edm.safetensors"))
    pixels = noise(1, 3, 16, 24).clamp(-1, 1)
    raw, _ = network.autoencoder.vae.encode(pixels)
    by_channel = (mean[:, None, None], spread[:, None, None])
    expected = (raw - by_channel[0]) / by_channel[1] * 0.5
    latent = network.autoencoder.encode_pixels(pixels)
    assert torch.allclose(latent, expected, atol=1e-6)
    decoded = network.autoencoder.decode(latent).float()
    plain = 255 * ((network.autoencoder.vae.decode(raw) + 1) / 2).clamp(0, 1)
    assert (decoded - plain.floor().permute(0, 2, 3, 1)).abs().max() <= 1


STORED = (torch.float8_e4m3fn, torch.float8_e5m2, torch.bfloat16, torch.float16, torch.float32)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("stored", STORED)
def test_types_in_files(tmp_path: Path, stored: torch.dtype, dtype: torch.dtype) -> None:
    """Weights of every type are cast to the one computed with, as torch casts them."""
    tensors = tiny_tensors(dtype=torch.float32)
    tensors = {name: tensor.to(stored) for name, tensor in tensors.items()}
    network = loaded(save_tensors(tensors, tmp_path / "a.safetensors"), dtype)
    for prefix, module in (
        ("model.diffusion_model.", network.unet),
        ("first_stage_model.", network.autoencoder.vae),
        ("cond_stage_model.transformer.", network.text.get_submodule("clip")),
    ):
        for name, parameter in module.state_dict().items():
            assert parameter.dtype == dtype
            assert torch.equal(parameter, tensors[prefix + name].to(dtype))


def test_inpainting_sees_more_channels(tmp_path: Path) -> None:
    """What lies beside the latent reaches the network unscaled."""
    path = write_tiny_checkpoint(tmp_path / "inpaint.safetensors", in_channels=9)
    network = loaded(path)
    x, beside, context = noise(1, 4, 4, 4), noise(1, 5, 4, 4, seed=3), noise(1, 77, 32, seed=2)
    seen = torch.cat([x / 5**0.5, beside], dim=1)
    eps = network.unet(seen, torch.tensor([network.levels.timestep(2.0)]), context)
    found = network.denoise(x, [2.0], context, concat=beside)
    assert torch.allclose(found, x - 2.0 * eps, atol=1e-5)


def test_pixels_are_cut_off_not_rounded(tiny: LoadedCheckpoint) -> None:
    """A level is the whole part of 255 times the clamped brightness."""
    latents = noise(1, 4, 2, 2)
    raw = tiny.autoencoder.vae.decode(latents / 0.18215)
    expected = (255 * ((raw + 1) / 2).clamp(0, 1)).floor().permute(0, 2, 3, 1)
    found = tiny.autoencoder.decode(latents)
    assert found.dtype == torch.uint8
    assert (found.float() - expected).abs().max() <= 1  # one rounding may cross a whole number


def test_encoding_pixels_scales_the_mean(tiny: LoadedCheckpoint) -> None:
    """A picture's latent is the mean of its distribution, scaled."""
    pixels = noise(1, 3, 16, 24).clamp(-1, 1)
    mean, _ = tiny.autoencoder.vae.encode(pixels)
    assert torch.equal(tiny.autoencoder.encode_pixels(pixels), mean * 0.18215)


def test_encoding_pixels_draws_from_the_distribution(tiny: LoadedCheckpoint) -> None:
    """Noise moves a latent by the distribution's width; without any it is the mean."""
    pixels, drawn = noise(2, 3, 16, 24).clamp(-1, 1), noise(2, 4, 2, 3, seed=5)
    drawn[1] = 0
    mean, log_variance = tiny.autoencoder.vae.encode(pixels)
    expected = (mean + log_variance.exp().sqrt() * drawn) * 0.18215
    found = tiny.autoencoder.encode_pixels(pixels, drawn)
    assert torch.allclose(found, expected, atol=1e-6)
    assert torch.allclose(found[1], tiny.autoencoder.encode_pixels(pixels[1:])[0], atol=1e-6)


def test_variances_stay_in_bounds(tiny: LoadedCheckpoint) -> None:
    """The logarithm of a variance is kept in -30 … 20, as LDM does."""
    bias = tiny.autoencoder.vae.quant_conv.bias
    assert bias is not None
    for shift, bound in ((1e4, 20), (-1e4, -30)):
        tiny.autoencoder.vae.quant_conv.bias = torch.nn.Parameter(bias + shift, requires_grad=False)
        _, log_variance = tiny.autoencoder.vae.encode(noise(1, 3, 16, 16))
        assert torch.equal(log_variance, torch.full_like(log_variance, bound))


def test_the_clock_can_be_told(tiny: LoadedCheckpoint) -> None:
    """A row's own timestep replaces the one of its noise level; the other rows keep theirs."""
    x, context = noise(2, 4, 4, 4), noise(2, 77, 32, seed=2)
    told = tiny.denoise(x, [2.0, 2.0], context, timesteps=[None, 17.0])
    seen = x / torch.tensor(5.0).sqrt()
    steps = torch.tensor([tiny.levels.timestep(2.0), 17.0])
    assert torch.allclose(told, x - 2.0 * tiny.unet(seen, steps, context), atol=1e-5)
    assert not torch.allclose(told[1], tiny.denoise(x, [2.0, 2.0], context)[1], atol=1e-3)


def rolled(x: Tensor) -> Tensor:
    """Moved around the torus by whole cells of the coarsest level."""
    return x.roll((2, 4), dims=(-2, -1))


def test_tiling_knows_no_edges(tiny: LoadedCheckpoint) -> None:
    """With tiling a moved latent gives the moved answer and the moved picture; without, not."""
    x, context = noise(1, 4, 8, 8), noise(1, 77, 32, seed=2)
    plain = tiny.denoise(x, [1.0], context)
    assert (tiny.denoise(rolled(x), [1.0], context) - rolled(plain)).abs().max() > 1e-3
    tiny.set_tiling(tiling=True)
    tiny.autoencoder.set_tiling(tiling=True)
    found = tiny.denoise(rolled(x), [1.0], context)
    assert torch.allclose(found, rolled(tiny.denoise(x, [1.0], context)), atol=1e-4)
    picture, moved = (tiny.autoencoder.decode(latent).int() for latent in (x, rolled(x)))
    assert (moved - picture.roll((16, 32), dims=(1, 2))).abs().max() <= 1
    tiny.set_tiling(tiling=False)
    tiny.autoencoder.set_tiling(tiling=False)
    assert torch.equal(tiny.denoise(x, [1.0], context), plain)


def write_loud_vae(path: Path) -> Path:
    """A checkpoint whose autoencoder overflows in float16 and nowhere else."""
    tensors = tiny_tensors(dtype=torch.float32)
    tensors["first_stage_model.decoder.mid.block_1.conv2.weight"] *= 1e5
    save_tensors(tensors, path)
    return path


def test_overflow_in_half_precision_is_decoded_again(tmp_path: Path) -> None:
    """A row lost in float16 comes out as it would have in float32."""
    path = write_loud_vae(tmp_path / "loud.safetensors")
    half, full = loaded(path, torch.float16), loaded(path)
    full.autoencoder.vae.load_state_dict(half.autoencoder.vae.state_dict())
    latents = noise(2, 4, 4, 4)
    assert half.autoencoder.vae.decode(latents.half() / 0.18215).isnan().any()
    assert torch.equal(half.autoencoder.decode(latents), full.autoencoder.decode(latents))


def test_a_latent_without_numbers_is_no_picture(tiny: LoadedCheckpoint) -> None:
    """NaN in float32 is an error, not a black picture."""
    with pytest.raises(EngineError, match="holds no numbers"):
        tiny.autoencoder.decode(torch.full((1, 4, 2, 2), float("nan")))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_answers_in_float32(tmp_path: Path, dtype: torch.dtype) -> None:
    """Networks in half precision give float32 estimates near those of float32 (a few percent)."""
    path = write_tiny_checkpoint(tmp_path / "a.safetensors")
    x, context = noise(1, 4, 4, 4), noise(1, 77, 32, seed=2)
    half, full = (loaded(path, d).denoise(x, [1.0], context) for d in (dtype, torch.float32))
    assert half.dtype == torch.float32
    assert (half - full).abs().max() <= 0.05 * full.abs().max()


def test_sdxl_keeps_its_autoencoder_in_float32(tmp_path: Path) -> None:
    """SDXL's autoencoder overflows in float16, so it is not cast to it."""
    path = write_tiny_checkpoint(tmp_path / "xl.safetensors", family="sdxl")
    network = loaded(path, torch.float16)
    assert next(network.unet.parameters()).dtype == torch.float16
    assert next(network.autoencoder.vae.parameters()).dtype == torch.float32


def test_missing_tensors_are_named(tmp_path: Path) -> None:
    """A checkpoint with holes is refused, with the file's name and some of the holes."""
    path = write_tiny_checkpoint(
        tmp_path / "holes.safetensors", without="model.diffusion_model.middle_block.0"
    )
    with pytest.raises(ModelError, match=r"holes\.safetensors.* missing.*middle_block\.0.* more"):
        loaded(path)


def test_wrong_shapes_are_named(tmp_path: Path) -> None:
    """A tensor of another shape is refused, with both shapes."""
    tensors = tiny_tensors()
    tensors["model.diffusion_model.time_embed.2.bias"] = torch.zeros(7)
    save_tensors(tensors, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match=r"time_embed\.2\.bias is \(7,\) instead of \(128,\)"):
        loaded(tmp_path / "odd.safetensors")


def test_foreign_files_are_named(tmp_path: Path) -> None:
    """Complaints begin with the file they are about."""
    with pytest.raises(ModelError, match=r"^l\.safetensors: .*LoRA"):
        loaded(write_lora(tmp_path / "l.safetensors"))


def test_loading_imports_no_heavy_parts_of_torch(tmp_path: Path) -> None:
    """Loading must not pull in the compiler, which takes longer than the checkpoint."""
    path = write_tiny_checkpoint(tmp_path / "a.safetensors")
    program = (
        "import sys, torch, pathlib; from tintype.networks import load_checkpoint;"
        f"path = pathlib.Path({str(path)!r});"
        "load_checkpoint(path, None, torch.device('cpu'), torch.half);"
        "print([m for m in ('torch._dynamo', 'sympy', 'yaml', 'scipy') if m in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, capture_output=True, check=True, text=True)
    assert run.stdout.strip() == "[]"
