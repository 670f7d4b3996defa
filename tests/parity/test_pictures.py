"""Whole pictures of one step, from every family and prediction, against diffusers' pipelines.

Ours go all the way: the file's header to a plan, orders through the engine, pixels. The bound is a
level of 255: pixels are cut off to whole levels, and one rounding may cross a whole number.
"""

import gc
import sys
from collections.abc import Iterator
from ctypes import CDLL
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_inpaint import (
    StableDiffusionInpaintPipeline,
)
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_instruct_pix2pix import (
    StableDiffusionInstructPix2PixPipeline,
)
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import (
    StableDiffusionXLPipeline,
)
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_img2img import (
    StableDiffusionXLImg2ImgPipeline,
)
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_inpaint import (
    StableDiffusionXLInpaintPipeline,
)
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_instruct_pix2pix import (
    StableDiffusionXLInstructPix2PixPipeline,
)
from diffusers.schedulers.scheduling_edm_euler import EDMEulerScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from diffusers.schedulers.scheduling_lcm import LCMScheduler
from PIL import Image
from tests.parity.twins import NEGATIVE, PROMPT, Kind, Parts, make
from torch import Tensor

from tintype.core.jobs import Event, ImageDone, Job, JobFailed
from tintype.core.noise_levels import levels_of
from tintype.core.requests import GuidanceSettings, Init, Plan, Request
from tintype.core.settings import EngineConfig, Limits
from tintype.modelstore import ModelStore
from tintype.planning import Library, plan
from tintype.worker.runner import JobRunner
from tintype.worker.start import Workshop

# diffusers warns of its own future, and of NumPy's
pytestmark = pytest.mark.filterwarnings(
    "ignore::FutureWarning:diffusers", "ignore::DeprecationWarning:diffusers"
)

SIDE, SEED, CFG_SCALE = 64, 5, 4.0
BOUND = 1  # levels of 255
MEAN_BOUND = 0.05  # levels; measured are 0.02 at most
EMPTY = torch.zeros(0)
TABLE: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "timestep_spacing": "trailing",
}
HEADS = {"tintype.num_heads": "8"}  # of small networks; SD 1.x is known by the width of its text
V = {"modelspec.prediction_type": "v"}
PLAYGROUND = {
    "edm_mean": torch.tensor([-1.6574, 1.886, -1.383, 2.5155]),
    "edm_std": torch.tensor([8.4927, 5.9022, 6.5498, 5.2299]),
}
COSXL = {"edm_vpred.sigma_max": torch.tensor(120.0), "edm_vpred.sigma_min": torch.tensor(0.002)}
NOOBAI = {"v_pred": EMPTY, "ztsnr": EMPTY}
KINDS = {
    "SD 1": Kind("sd1", "tiny SD 1", "tiny SD", metadata=HEADS),
    "SD 1 inpainting": Kind("sd1", "tiny SD 1", "tiny SD", 9, metadata=HEADS),
    "SD 1 edit": Kind("sd1", "tiny SD 1", "tiny SD", 8, metadata=HEADS),
    "SD 2": Kind("sd2", "tiny SD 2", "tiny SD"),
    "SD 2 v": Kind("sd2", "tiny SD 2", "tiny SD", metadata=V),
    "SD 2 inpainting": Kind("sd2", "tiny SD 2", "tiny SD", 9),
    "SDXL": Kind("sdxl", "tiny SDXL", "tiny SDXL"),
    "SDXL inpainting": Kind("sdxl", "tiny SDXL", "tiny SDXL", 9),
    "SDXL edit": Kind("sdxl", "tiny SDXL", "tiny SDXL", 8),
    "SSD-1B": Kind("sdxl", "tiny SSD", "tiny SDXL"),
    "KOALA": Kind("sdxl", "tiny KOALA", "tiny SDXL"),
    "refiner": Kind("sdxl_refiner", "tiny refiner", "tiny SDXL"),
    "NoobAI": Kind("sdxl", "tiny SDXL", "tiny SDXL", marks=NOOBAI),
    "Playground": Kind("sdxl", "tiny SDXL", "tiny Playground", marks=PLAYGROUND),
    "CosXL": Kind("sdxl", "tiny SDXL", "tiny SDXL", marks=COSXL),
    "CosXL edit": Kind("sdxl", "tiny SDXL", "tiny SDXL", 8, marks=COSXL),
}
TRUE_SDXL = Kind(
    "sdxl", "SDXL", "SDXL", clip="CLIP-L", open_clip="OpenCLIP-bigG", dtype=torch.float16
)
TRUE_KINDS = {
    "SD 1": Kind("sd1", "SD 1.5", "SD", clip="CLIP-L", dtype=torch.float16),
    "SD 2 v": Kind("sd2", "SD 2.1", "SD", metadata=V, open_clip="OpenCLIP-H", dtype=torch.float16),
    "SDXL": TRUE_SDXL,
    "SSD-1B": replace(TRUE_SDXL, unet="SSD-1B"),
    "NoobAI": replace(TRUE_SDXL, marks=NOOBAI),
    "Playground": replace(TRUE_SDXL, vae="Playground", marks=PLAYGROUND),
}
Pixels = npt.NDArray[np.float64]


@pytest.fixture(autouse=True)
def _no_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


class Bench:
    """A checkpoint of some kind in a models folder, and its twin."""

    def __init__(self, kind: Kind, folder: Path) -> None:
        path = folder / "models" / "Stable-diffusion" / "tiny.safetensors"
        path.parent.mkdir(parents=True)
        self.parts: Parts = make(kind, path)
        self._library = Library(ModelStore([folder]))

    def forget(self) -> None:
        """Give diffusers' memory back; its pipelines hold themselves."""
        self.parts = replace(self.parts, unet=None, vae=None)
        gc.collect()
        if sys.platform == "linux":
            CDLL(None).malloc_trim(0)  # the C library would keep gigabytes of freed weights

    def plan(self, **settings: Any) -> Plan:
        """One step of Euler, but for other settings of a request."""
        usual: dict[str, Any] = {
            "prompt": PROMPT,
            "negative_prompt": NEGATIVE,
            "seed": SEED,
            "steps": 1,
            "sampler": "Euler",
            "width": SIDE,
            "height": SIDE,
            "random_source": "CPU",
            "guidance": GuidanceSettings(CFG_SCALE),
        }
        request = Request(**usual | settings)
        (one,) = plan(request, library=self._library, draw_seed=lambda: SEED, limits=Limits())
        return one

    def painted(self, one: Plan) -> Pixels:
        """Our picture, (H, W, 3) in levels."""
        done: list[ImageDone] = []

        def note(event: Event) -> None:
            assert not isinstance(event, JobFailed), event.message
            if isinstance(event, ImageDone):
                done.append(event)

        runner = JobRunner(Workshop(EngineConfig("cpu", threads=1)).engine, note)
        runner.submit(Job("j", (one,)))
        while not runner.is_idle:
            runner.tick()
        pixels = done[0].pixels
        flat = np.frombuffer(pixels.data, np.uint8)
        return flat.reshape(pixels.height, pixels.width, 3).astype(np.float64)

    def pipeline(self, cls: Any, table: Any, **settings: Any) -> Any:
        """diffusers' pipeline of the same weights."""
        self.parts.unet.register_to_config(sample_size=SIDE)
        parts: dict[str, Any] = {
            "vae": self.parts.vae,
            "unet": self.parts.unet,
            "text_encoder": None,
            "tokenizer": None,
        }
        if "XL" in cls.__name__:
            parts |= {"text_encoder_2": None, "tokenizer_2": None, "add_watermarker": False}
        else:
            parts |= {"safety_checker": None, "feature_extractor": None}
            parts |= {"requires_safety_checker": False}
        # the first word of the argument is diffusers' own
        made = cls(**parts, **{"scheduler": table}, **settings)
        made.set_progress_bar_config(disable=True)
        return made


def noise() -> Tensor:
    """What a picture of the seed begins with."""
    generator = torch.Generator().manual_seed(SEED)
    return torch.randn(1, 4, SIDE // 8, SIDE // 8, generator=generator)


def answer(pipeline: Any, **settings: Any) -> Pixels:
    """diffusers' picture, (H, W, 3) in levels."""
    usual: dict[str, Any] = {"num_inference_steps": 1, "guidance_scale": CFG_SCALE}
    return pipeline(**usual | settings, output_type="np").images[0].astype(np.float64) * 255


def apart(ours: Pixels, theirs: Pixels) -> float:
    """How far pictures are apart, in levels; and they must be pictures, not one grey."""
    assert theirs.std() > 10
    difference = np.abs(ours - np.floor(theirs))
    print(f"mean {difference.mean():.5f}, largest {difference.max()}")  # shown by -rP
    assert difference.mean() <= MEAN_BOUND
    return float(difference.max())


PLAIN = StableDiffusionPipeline
PLAIN_XL = StableDiffusionXLPipeline
FROM_NOISE: dict[str, tuple[Any, Any]] = {
    "SD 1": (PLAIN, EulerDiscreteScheduler(**TABLE)),
    "SD 2": (PLAIN, EulerDiscreteScheduler(**TABLE)),
    "SD 2 v": (PLAIN, EulerDiscreteScheduler(**TABLE, prediction_type="v_prediction")),
    "SDXL": (PLAIN_XL, EulerDiscreteScheduler(**TABLE)),
    "SSD-1B": (PLAIN_XL, EulerDiscreteScheduler(**TABLE)),
    "KOALA": (PLAIN_XL, EulerDiscreteScheduler(**TABLE)),
    "NoobAI": (
        PLAIN_XL,
        EulerDiscreteScheduler(
            **TABLE, prediction_type="v_prediction", rescale_betas_zero_snr=True
        ),
    ),
    "Playground": (PLAIN_XL, EDMEulerScheduler(sigma_min=0.002, sigma_max=80.0, sigma_data=0.5)),
    "CosXL": (
        PLAIN_XL,
        EDMEulerScheduler(
            sigma_min=0.002, sigma_max=120.0, sigma_data=1.0, prediction_type="v_prediction"
        ),
    ),
}


@pytest.mark.parametrize("kind", FROM_NOISE)
def test_from_noise(kind: str, tmp_path: Path) -> None:
    """A prompt becomes diffusers' picture, in every family and with every prediction."""
    bench = Bench(KINDS[kind], tmp_path)
    cls, table = FROM_NOISE[kind]
    theirs = answer(
        bench.pipeline(cls, table),
        latents=noise(),
        **bench.parts.embeds.kwargs,
        width=SIDE,
        height=SIDE,
    )
    assert apart(bench.painted(bench.plan()), theirs) <= BOUND


@pytest.mark.large
@pytest.mark.parametrize("kind", TRUE_KINDS)
def test_true_sizes_from_noise(kind: str, tmp_path: Path) -> None:
    """A file of true size in float16 gives diffusers' picture, U-Net and text encoders included."""
    bench = Bench(TRUE_KINDS[kind], tmp_path)
    cls, table = FROM_NOISE[kind]
    embeds = bench.parts.embeds.kwargs
    pipeline = bench.pipeline(cls, table)
    theirs = answer(pipeline, latents=noise(), **embeds, width=SIDE, height=SIDE)
    del pipeline
    bench.forget()
    assert apart(bench.painted(bench.plan()), theirs) <= BOUND


def test_refiner(tmp_path: Path) -> None:
    """The refiner, told of aesthetic scores, repaints an empty latent all the way."""
    bench = Bench(KINDS["refiner"], tmp_path)
    pipeline = bench.pipeline(
        StableDiffusionXLImg2ImgPipeline,
        EulerDiscreteScheduler(**TABLE),
        requires_aesthetics_score=True,
    )
    theirs = answer(
        pipeline,
        image=torch.zeros(1, 4, SIDE // 8, SIDE // 8),
        strength=1.0,
        generator=torch.Generator().manual_seed(SEED),
        original_size=(SIDE, SIDE),
        target_size=(SIDE, SIDE),
        **bench.parts.embeds.kwargs,
    )
    assert apart(bench.painted(bench.plan()), theirs) <= BOUND


@pytest.mark.parametrize("kind", ["SD 1 inpainting", "SD 2 inpainting", "SDXL inpainting"])
def test_inpainting(kind: str, tmp_path: Path) -> None:
    """From noise, an inpainting checkpoint sees a grey picture of which nothing is kept."""
    bench = Bench(KINDS[kind], tmp_path)
    is_xl = kind.startswith("SDXL")
    cls = StableDiffusionXLInpaintPipeline if is_xl else StableDiffusionInpaintPipeline
    theirs = answer(
        bench.pipeline(cls, EulerDiscreteScheduler(**TABLE)),
        image=torch.full((1, 3, SIDE, SIDE), 0.5),
        mask_image=torch.ones(1, 1, SIDE, SIDE),
        strength=1.0,
        latents=noise(),
        width=SIDE,
        height=SIDE,
        **bench.parts.embeds.kwargs,
    )
    assert apart(bench.painted(bench.plan()), theirs) <= BOUND


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A picture (H, W, 3) as a file."""
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


EDITS: dict[str, tuple[Any, Any, dict[str, bool]]] = {
    "SD 1 edit": (StableDiffusionInstructPix2PixPipeline, EulerDiscreteScheduler(**TABLE), {}),
    "SDXL edit": (
        StableDiffusionXLInstructPix2PixPipeline,
        EulerDiscreteScheduler(**TABLE),
        {"is_cosxl_edit": False},
    ),
    "CosXL edit": (
        StableDiffusionXLInstructPix2PixPipeline,
        FROM_NOISE["CosXL"][1],
        {"is_cosxl_edit": True},
    ),
}


@pytest.mark.parametrize("kind", EDITS)
def test_edit(kind: str, tmp_path: Path) -> None:
    """An edit checkpoint follows words and picture as far as it is told."""
    bench = Bench(KINDS[kind], tmp_path)
    cls, table, settings = EDITS[kind]
    pixels = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    one = bench.plan(
        init=Init(png(pixels), denoising_strength=1.0, draws_latent=False),
        guidance=GuidanceSettings(CFG_SCALE, image_cfg_scale=1.7),
    )
    picture = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    vae = bench.parts.vae
    latent = vae.encode(picture * 2 - 1).latent_dist.mode() * vae.config.scaling_factor
    table.set_timesteps(1)
    sigma = levels_of(one.settings.trained_on).sigma_max
    theirs = answer(
        bench.pipeline(cls, table, **settings),
        image=picture,
        image_guidance_scale=1.7,
        latents=(latent + noise() * sigma) / table.init_noise_sigma,
        **bench.parts.embeds.kwargs,
        **({"width": SIDE, "height": SIDE} if "XL" in kind else {}),
    )
    assert apart(bench.painted(one), theirs) <= BOUND


@pytest.mark.parametrize("kind", ["SD 1", "SDXL"])
def test_lcm(kind: str, tmp_path: Path) -> None:
    """A latent consistency model paints in one step of its sampler, without guidance."""
    bench = Bench(KINDS[kind], tmp_path)
    one = bench.plan(sampler="LCM", guidance=GuidanceSettings(1.0))
    sigma = levels_of(one.settings.trained_on).sigma_max
    table = {name: value for name, value in TABLE.items() if name != "timestep_spacing"}
    theirs = answer(
        bench.pipeline(PLAIN if kind == "SD 1" else PLAIN_XL, LCMScheduler(**table)),
        latents=noise() * sigma / (1 + sigma**2) ** 0.5,
        guidance_scale=1.0,
        width=SIDE,
        height=SIDE,
        **bench.parts.embeds.kwargs,
    )
    assert apart(bench.painted(one), theirs) <= BOUND


def test_turbo(tmp_path: Path) -> None:
    """A Turbo model paints in one step of its schedule, without guidance."""
    bench = Bench(KINDS["SD 2"], tmp_path)
    one = bench.plan(sampler="Euler a", schedule="Turbo", guidance=GuidanceSettings(1.0))
    theirs = answer(
        bench.pipeline(PLAIN, EulerDiscreteScheduler(**TABLE)),
        latents=noise(),
        guidance_scale=0.0,
        width=SIDE,
        height=SIDE,
        **bench.parts.embeds.kwargs,
    )
    assert apart(bench.painted(one), theirs) <= BOUND
