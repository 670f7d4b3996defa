"""What is asked for, and what exactly will be done."""

from dataclasses import dataclass, field

from tintype.core.faces import FaceRestoration, FaceSettings
from tintype.core.mask_settings import MaskSettings, SoftInpainting
from tintype.core.models import EmbeddingRecord
from tintype.core.orders import Network
from tintype.core.sampler_settings import NoiseSettings, RandomSource, SamplerSettings
from tintype.core.scripts import Script
from tintype.core.text_settings import TextSettings
from tintype.core.upscalers import TileSettings, UpscalerNetwork

FieldValue = str | int | float | None  # of infotext
AUTOMATIC_VAE, BUILT_IN_VAE = "Automatic", "None"
"""What stands in the place of an autoencoder's name for "whichever fits" and "its own"."""

_NO_FILES = {
    "": AUTOMATIC_VAE,
    "auto": AUTOMATIC_VAE,
    AUTOMATIC_VAE.casefold(): AUTOMATIC_VAE,
    BUILT_IN_VAE.casefold(): BUILT_IN_VAE,
}


def vae_without_file(name: str) -> str | None:
    """`AUTOMATIC_VAE` or `BUILT_IN_VAE`, however it is written; None for the name of a file."""
    return _NO_FILES.get(name.strip().casefold())


@dataclass(frozen=True, slots=True)
class GuidanceSettings:
    """How strongly the prompt is followed, and when the negative prompt is left out.

    Attributes:
        cfg_scale: classifier-free guidance scale.
        image_cfg_scale: how far edit checkpoints follow the picture; None for all others.
        s_min_uncond: below this noise level the negative prompt is left out of every other step.
        s_min_uncond_all: … out of every step.
        skip_early_cond: share of the first steps that leave the negative prompt out.
    """

    cfg_scale: float = 7.0
    image_cfg_scale: float | None = None
    s_min_uncond: float = 0.0
    s_min_uncond_all: bool = False
    skip_early_cond: float = 0.0


@dataclass(frozen=True, slots=True)
class Init:
    """The picture that img2img begins with.

    Attributes:
        picture: the file, PNG or whatever Pillow reads; transparency is laid over `background`.
        resize_mode: 0 stretch, 1 crop, 2 fill the bars, 3 stretch the latent.
        denoising_strength: 0 … 1, how far to go back.
        fixes_steps: make as many steps as asked for, however short the way.
        background: colour behind transparent pixels, "#rrggbb".
        noise_multiplier: factor of the first noise.
        extra_noise: noise added beyond that, in latent standard deviations.
        corrects_colours: bring the colours of `picture` back at the end.
        upscaler: enlarges pictures that are too small; None for Lanczos.
        enlarger: its network; None for one that needs none, and until it is planned.
        mask: the file of the mask, white where it is to be repainted; None for everywhere.
        masking: how the mask is used.
        soft: blend by how much changes (soft inpainting), or None.
        mask_weight: how far inpainting checkpoints are kept from seeing what is masked.
        overlays: lay the original over what is not masked.
        returns_mask: answer with the mask as well.
        returns_composite: answer with what was repainted alone as well.
        latent_mask: the file of another mask for what happens in the latent; None for `mask`.
        colours: the file of the picture whose colours are brought back; None for `picture`.
        draws_latent: choose from the autoencoder's distribution with the noise of
            `Plan.encode_seed`, instead of taking its mean.
    """

    picture: bytes
    resize_mode: int = 0
    denoising_strength: float = 0.75
    fixes_steps: bool = False
    background: str = "#ffffff"
    noise_multiplier: float = 1.0
    extra_noise: float = 0.0
    corrects_colours: bool = False
    upscaler: str | None = None
    enlarger: UpscalerNetwork | None = None
    mask: bytes | None = None
    masking: MaskSettings = field(default_factory=MaskSettings)
    soft: SoftInpainting | None = None
    mask_weight: float = 1.0
    overlays: bool = True
    returns_mask: bool = False
    returns_composite: bool = False
    latent_mask: bytes | None = None
    colours: bytes | None = None
    draws_latent: bool = False


@dataclass(frozen=True, slots=True)
class HiresRequest:
    """A second, larger pass asked for. What is None or empty is as in the first pass.

    Attributes:
        scale: of both sides, where neither `width` nor `height` is given.
        width: of the final picture, in pixels, or 0.
        height: of the final picture, in pixels, or 0.
        upscaler: "Latent…" or the name of an upscaler.
        steps: of the second pass, or 0.
        denoising_strength: 0 … 1.
        cfg_scale: of the second pass.
        extra_noise: see `Init`.
    """

    denoising_strength: float
    scale: float = 2.0
    width: int = 0
    height: int = 0
    upscaler: str = "Latent"
    steps: int = 0
    sampler: str | None = None
    schedule: str | None = None
    checkpoint: str | None = None
    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float | None = None
    extra_noise: float = 0.0


@dataclass(frozen=True, slots=True)
class RefinerRequest:
    """Another checkpoint for the last part of the way.

    Attributes:
        checkpoint: a name of it.
        switch_at: share of the way after which it takes over, 0 … 1.
        by_steps: the share is of steps, not of the network's timesteps.
    """

    checkpoint: str
    switch_at: float
    by_steps: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Pictures asked for, in our words, whatever the dialect they came in.

    Attributes:
        prompt: what to show.
        negative_prompt: what to avoid.
        styles: names of saved styles, applied in this order.
        seed: of the first image; −1 for any.
        steps: denoising steps.
        width: of the picture, in pixels; fractions of a latent cell (8 pixels) are cut off.
        height: of the picture, in pixels.
        sampler: its name, which may carry a schedule ("DPM++ 2M Karras").
        schedule: its name or label, or None for what the sampler's name says.
        images: how many, with seeds counting up.
        batch_size: how many of them A1111 would make at once; some of its habits go by batches.
        checkpoint: name, title, stem or hash of the model, or None for the server's own.
        vae: name of an autoencoder, "None" for each checkpoint's own, or "Automatic" for the one
            its notes want, or that is named after it, or its own.
        vae_goes_first: a `vae` that is named wins over notes and names.
        subseed: of the first image's variation; −1 for any.
        subseed_strength: 0 for no variation, 1 for the subseed's picture.
        seed_resize_from: (width, height) of a picture whose composition is to be kept.
        random_source: see `NoiseSettings`.
        ensd: see `NoiseSettings`.
        sampling: what else the sampler is told; its names and steps are not looked at.
        guidance: how strongly the prompt is followed.
        text: how the prompt is read.
        uses_networks: heed `<lora:…>`; otherwise it is only taken out of the prompt.
        tiling: make a picture that can be laid side by side.
        token_merging: ToMe ratio, 0 … 0.9; the hires pass has its own.
        init: the picture to begin with and what to do with it; None for noise.
        init_pictures: one for each image of a batch, in place of the one in `init`.
        script: several turns of img2img in place of one; needs `init`.
        tiles: in which pieces upscalers see a picture.
        faces: restore them in every picture, and how; None for leaving them.
        notes: what infotext says besides, by label.
        warnings: what was asked for and is not done, in words for whoever asked.
    """

    prompt: str = ""
    negative_prompt: str = ""
    styles: tuple[str, ...] = ()
    seed: int = -1
    steps: int = 20
    width: int = 512
    height: int = 512
    sampler: str = "DPM++ 2M"
    schedule: str | None = None
    images: int = 1
    batch_size: int = 1
    checkpoint: str | None = None
    vae: str = AUTOMATIC_VAE
    vae_goes_first: bool = True
    subseed: int = -1
    subseed_strength: float = 0.0
    seed_resize_from: tuple[int, int] | None = None
    random_source: RandomSource = "GPU"
    ensd: int = 0
    sampling: SamplerSettings = field(default_factory=SamplerSettings)
    guidance: GuidanceSettings = field(default_factory=GuidanceSettings)
    text: TextSettings = field(default_factory=TextSettings)
    uses_networks: bool = True
    tiling: bool = False
    token_merging: float = 0.0
    token_merging_hires: float = 0.0
    init: Init | None = None
    init_pictures: tuple[bytes, ...] = ()
    hires: HiresRequest | None = None
    refiner: RefinerRequest | None = None
    script: Script | None = None
    tiles: TileSettings = field(default_factory=TileSettings)
    faces: FaceSettings | None = None
    notes: tuple[tuple[str, FieldValue], ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refiner:
    """The network that takes over, and when; see `RefinerRequest`."""

    network: Network
    switch_at: float
    by_steps: bool = False


@dataclass(frozen=True, slots=True)
class HiresSize:
    """How a first pass is enlarged.

    Attributes:
        width: after upscaling, in pixels.
        height: after upscaling, in pixels.
        cut_columns: latent cells cut off afterwards, from both sides together.
        cut_rows: the same from top and bottom.
        asked: key and value of infotext, "Hires upscale" or "Hires resize".
    """

    width: int
    height: int
    cut_columns: int
    cut_rows: int
    asked: tuple[str, float | str]


@dataclass(frozen=True, slots=True)
class Hires:
    """The second pass of a picture.

    Attributes:
        size: how the first pass is enlarged.
        steps_asked: 0 for as many as the first pass makes.
        upscaler: "Latent…" or the name of an upscaler.
        enlarger: the upscaler's network; None for one that needs none.
        prompt: with styles and without comments.
        network: may be another checkpoint than the first pass's, with other adapters.
    """

    size: HiresSize
    steps_asked: int
    upscaler: str
    denoising_strength: float
    prompt: str
    negative_prompt: str
    network: Network
    settings: SamplerSettings
    guidance: GuidanceSettings
    extra_noise: float = 0.0
    enlarger: UpscalerNetwork | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """One picture, exactly; the same plan gives the same picture on any day.

    Attributes:
        prompt: with styles and without comments, as infotext says it; `<lora:…>` included.
        negative_prompt: likewise.
        width: as asked for, in pixels.
        height: as asked for, in pixels.
        network: the checkpoint, its hash pinned, with its adapters.
        settings: of the first or only pass, every name canonical.
        guidance: how strongly the prompt is followed.
        text: how the prompt is read.
        noise: where randomness comes from.
        input_channels: of the checkpoint's U-Net: 4, or 9 for inpainting, 8 for edit checkpoints.
        edit_scale: for edit checkpoints, factor from latents as encoded to those they see beside.
        embeddings: the textual inversions the prompts use.
        encode_seed: seed of the noise with which pictures become latents.
        encode_place: how many pictures were encoded with that seed before this one.
        styles: names of the styles in the prompts.
        init: the picture to begin with, or None.
        hires: the second pass, or None.
        refiner: the network that takes over, or None.
        script: several turns of img2img in place of one, or None.
        faces: restored in every picture, by what; or None.
        notes: what infotext says besides, by label, first among the extra parameters.
        warnings: traps the prompt fell into, in words for whoever wrote it.
        template: what the prompt was drawn from; empty where nothing was drawn.
        negative_template: likewise.
    """

    prompt: str
    negative_prompt: str
    width: int
    height: int
    network: Network
    settings: SamplerSettings
    guidance: GuidanceSettings
    text: TextSettings
    noise: NoiseSettings
    input_channels: int = 4
    edit_scale: float = 1.0
    embeddings: tuple[EmbeddingRecord, ...] = ()
    encode_seed: int = 0
    encode_place: int = 0
    styles: tuple[str, ...] = ()
    init: Init | None = None
    hires: Hires | None = None
    refiner: Refiner | None = None
    script: Script | None = None
    faces: FaceRestoration | None = None
    notes: tuple[tuple[str, FieldValue], ...] = ()
    warnings: tuple[str, ...] = ()
    template: str = ""
    negative_template: str = ""

    @property
    def seed(self) -> int:
        """Of this image."""
        return self.noise.seed
