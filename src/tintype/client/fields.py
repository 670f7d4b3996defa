"""What a job may be asked for, as keyword arguments that a type checker knows.

Names, defaults and ranges are those of `POST /v1/jobs`; what is left out has the server's default.
"""

from typing import Literal, TypedDict

from tintype.client.values import Priority


class Sampling(TypedDict, total=False):
    """What a sampler and its schedule are told besides their names; None for their own."""

    eta: float | None
    s_churn: float
    s_tmin: float
    s_tmax: float | None
    s_noise: float
    sigma_min: float | None
    sigma_max: float | None
    rho: float | None
    beta_alpha: float
    beta_beta: float
    discards_penultimate: bool
    sgm_noise: bool
    zero_terminal_snr: bool


class Guidance(TypedDict, total=False):
    """How strongly the prompt is followed, apart from `cfg_scale`."""

    image_cfg_scale: float | None
    s_min_uncond: float
    s_min_uncond_all: bool
    skip_early_cond: float


class Text(TypedDict, total=False):
    """How the prompt is read, apart from `clip_skip`."""

    emphasis: Literal["Original", "No norm", "Ignore", "None"]
    comma_backtrack: int
    pads_uncond: bool
    keeps_comments: bool
    wildcards: Literal["on", "known", "off"]


class Hires(TypedDict, total=False):
    """A second, larger pass; what is left out is as in the first one."""

    denoising_strength: float
    scale: float
    width: int
    height: int
    upscaler: str
    steps: int
    sampler: str | None
    schedule: str | None
    checkpoint: str | None
    prompt: str
    negative_prompt: str
    cfg_scale: float | None
    extra_noise: float


class _LoraName(TypedDict):
    name: str


class Lora(_LoraName, total=False):
    """A LoRA: its name, its weight on the U-Net, on the text encoders, and its rank."""

    weight: float
    text_weight: float | None
    rank: int | None


class _RefinerName(TypedDict):
    checkpoint: str


class Refiner(_RefinerName, total=False):
    """Another checkpoint for the last part of the way."""

    switch_at: float
    by_steps: bool


class Soft(TypedDict, total=False):
    """How gently a masked area passes into the rest (soft inpainting)."""

    schedule_bias: float
    preservation_strength: float
    transition_contrast_boost: float
    mask_influence: float
    difference_threshold: float
    difference_contrast: float


class Painting(TypedDict, total=False):
    """What to paint beside the prompt, and how the job is treated."""

    negative_prompt: str
    styles: list[str]
    loras: list[Lora]
    seed: int
    steps: int
    width: int
    height: int
    sampler: str
    schedule: str | None
    images: int
    checkpoint: str | None
    vae: str | None
    cfg_scale: float
    clip_skip: int
    tiling: bool
    subseed: int
    subseed_strength: float
    seed_resize_from: list[int] | None
    random_source: Literal["GPU", "CPU", "NV"]
    ensd: int
    uses_networks: bool
    token_merging: float
    token_merging_hires: float
    sampling: Sampling
    guidance: Guidance
    text: Text
    hires: Hires | None
    refiner: Refiner | None
    preset: str | None
    priority: Priority
    draft_steps: int | None
    webhook: str | None


class Beginning(TypedDict, total=False):
    """How a picture is begun with."""

    denoising_strength: float
    resize_mode: Literal["stretch", "crop", "fill", "latent"]
    noise_multiplier: float
    extra_noise: float
    corrects_colours: bool
    fixes_steps: bool
    background: str


class Masking(TypedDict, total=False):
    """How a mask is used: softness of its edge in pixels, what stands in it at first, ….

    Each is the field of `init.mask` without `mask_`.
    """

    mask_blur: int
    mask_invert: bool
    mask_fill: Literal["fill", "original", "latent noise", "latent nothing"]
    mask_only_masked: bool
    mask_padding: int
    mask_soft: Soft | None


class Search(TypedDict, total=False):
    """Which kept pictures: all of this together.

    `since` and `until` are dates (2025-03-09), times or Unix seconds, as text; `sheets` are
    pictures that show several.
    """

    model: str
    sampler: str
    seed: int
    since: str
    until: str
    starred: bool
    tag: str
    board: str
    sheets: bool
    job: str
    trash: bool


class Editing(Painting, Beginning, Masking, total=False):
    """All of them."""
