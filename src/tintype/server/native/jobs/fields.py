"""The body of a job, in our own words, and how unknown ones are refused."""

from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from tintype.core.jobs import Priority
from tintype.core.mask_settings import MaskSettings, SoftInpainting
from tintype.core.orders import Emphasis
from tintype.core.requests import GuidanceSettings, Init, Request
from tintype.core.sampler_settings import RandomSource, SamplerSettings
from tintype.core.text_settings import TextSettings
from tintype.core.wildcards import WildcardMode
from tintype.errors import shown

ResizeMode = Literal["stretch", "crop", "fill", "latent"]
MaskFill = Literal["fill", "original", "latent noise", "latent nothing"]

Whole = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""Bounded so that no message has to repeat a number of a thousand digits."""

_REQUEST, _INIT, _MASK, _SOFT = Request(), Init(b""), MaskSettings(), SoftInpainting()
_SAMPLING, _GUIDANCE, _TEXT = SamplerSettings(), GuidanceSettings(), TextSettings()

EXAMPLES: tuple[JsonDict, ...] = (
    {"prompt": "a red star on a blue background", "seed": 7, "steps": 20, "images": 2},
    {
        "prompt": "an oil painting of a lighthouse",
        "negative_prompt": "blurry",
        "sampler": "DPM++ 2M",
        "schedule": "Karras",
        "hires": {"denoising_strength": 0.5, "scale": 1.5},
        "priority": "interactive",
        "webhook": "https://example.com/tintype",
    },
    {"sdapi": {"tab": "txt2img", "body": {"prompt": "a cat", "steps": 20}}},
)


class Strict(BaseModel):
    """A part of a body that knows all its fields; types are JSON's own, nothing is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _knows_every_field(cls, body: object) -> object:
        names = cast("dict[str, object]", body) if isinstance(body, dict) else ()
        for name in names:
            if name not in cls.model_fields:
                raise _unknown(name, list(cls.model_fields))
        return cast("object", body)


def _unknown(name: str, choices: list[str]) -> PydanticCustomError:
    near = get_close_matches(name[:100], choices, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return PydanticCustomError(
        "unknown_field",
        "{name} is no field here; {hint}there are: {choices}",
        {"name": shown(name), "hint": hint, "choices": ", ".join(choices)},
    )


class SamplingFields(Strict):
    """What a sampler and its schedule are told besides their names; null for their own."""

    eta: float | None = Field(default=None, description="share of fresh noise")
    s_churn: float = Field(default=_SAMPLING.s_churn, description="noise added before a step")
    s_tmin: float = Field(default=_SAMPLING.s_tmin, description="lowest sigma that is churned")
    s_tmax: float | None = Field(
        default=None, description="highest sigma that is churned; null for any"
    )
    s_noise: float = Field(default=_SAMPLING.s_noise, description="factor of added noise")
    sigma_min: float | None = Field(default=None, description="lowest sigma of the schedule")
    sigma_max: float | None = Field(default=None, description="highest sigma of the schedule")
    rho: float | None = Field(default=None, description="exponent of Karras and Polyexponential")
    beta_alpha: float = Field(default=_SAMPLING.beta_alpha, description="of the Beta schedule")
    beta_beta: float = Field(default=_SAMPLING.beta_beta, description="of the Beta schedule")
    discards_penultimate: bool = Field(
        default=False, description="leave out the level before the last"
    )
    sgm_noise: bool = Field(default=False, description="the first noise spreads √(1 + σ²), not σ")
    zero_terminal_snr: bool = Field(default=False, description="the last level is pure noise")


class GuidanceFields(Strict):
    """How strongly the prompt is followed, apart from `cfg_scale`."""

    image_cfg_scale: float | None = Field(
        default=None, description="how far edit checkpoints follow the picture"
    )
    s_min_uncond: float = Field(
        default=_GUIDANCE.s_min_uncond,
        description="below this sigma every other step leaves uncond out",
    )
    s_min_uncond_all: bool = Field(default=False, description="every step, not every other")
    skip_early_cond: float = Field(
        default=_GUIDANCE.skip_early_cond, description="share of the first steps without uncond"
    )


class TextFields(Strict):
    """How the prompt is read, apart from `clip_skip`."""

    emphasis: Emphasis = Field(default=_TEXT.emphasis, description="how weights change an encoding")
    comma_backtrack: Whole = Field(
        default=_TEXT.comma_backtrack, ge=0, le=75, description="tokens to look back for a comma"
    )
    pads_uncond: bool = Field(default=False, description="fill the shorter prompt with chunks")
    keeps_comments: bool = Field(default=False, description="`#` starts no comment")
    wildcards: WildcardMode = Field(
        default="on",
        description="draw `__name__` and `{a|b}`: on; known, only names that are there; or off",
    )


class SoftFields(Strict):
    """How gently a masked area passes into the rest (soft inpainting)."""

    schedule_bias: float = Field(default=_SOFT.schedule_bias, ge=0, le=8)
    preservation_strength: float = Field(default=_SOFT.preservation_strength, ge=0, le=8)
    transition_contrast_boost: float = Field(default=_SOFT.transition_contrast_boost, ge=1, le=32)
    mask_influence: float = Field(default=_SOFT.mask_influence, ge=0, le=1)
    difference_threshold: float = Field(default=_SOFT.difference_threshold, ge=0, le=8)
    difference_contrast: float = Field(default=_SOFT.difference_contrast, ge=0, le=8)


class MaskFields(Strict):
    """A mask: white where the picture is to be repainted."""

    picture: str = Field(description="the mask's file as base64 or data URI", examples=["iVBORw0…"])
    blur: Whole = Field(default=_MASK.blur_x, description="softness of its edge, in pixels")
    invert: bool = Field(default=False, description="repaint what the mask leaves out")
    fill: MaskFill = Field(default="original", description="what stands in the area at first")
    only_masked: bool = Field(default=False, description="work on the masked area alone")
    padding: Whole = Field(
        default=_MASK.padding, description="pixels seen around it, if it is alone"
    )
    soft: SoftFields | None = Field(default=None, description="blend by how much changes")


class InitFields(Strict):
    """The picture to begin with."""

    picture: str = Field(
        description="a picture file as base64 or data URI", examples=["iVBORw0KGgo…"]
    )
    denoising_strength: float = Field(
        default=_INIT.denoising_strength, description="0 … 1, how far to go back"
    )
    resize_mode: ResizeMode = Field(
        default="stretch", description="if it has another size or shape"
    )
    mask: MaskFields | None = Field(
        default=None, description="where to repaint; null for everywhere"
    )
    noise_multiplier: float = Field(
        default=_INIT.noise_multiplier, description="of the first noise"
    )
    extra_noise: float = Field(default=_INIT.extra_noise, description="added beyond that")
    corrects_colours: bool = Field(default=False, description="bring its colours back at the end")
    fixes_steps: bool = Field(default=False, description="all steps, however short the way")
    background: str = Field(
        default=_INIT.background,
        pattern="^#[0-9a-fA-F]{6}$",
        description="behind transparent pixels",
    )


class HiresFields(Strict):
    """A second, larger pass; what is left out is as in the first one."""

    denoising_strength: float = Field(default=0.7, description="0 … 1")
    scale: float = Field(default=2.0, description="of both sides, where no size is given")
    width: Whole = Field(default=0, description="of the final picture, in pixels, or 0")
    height: Whole = Field(default=0, description="of the final picture, in pixels, or 0")
    upscaler: str = Field(
        default="Latent", description="one of GET /sdapi/v1/upscalers or latent modes"
    )
    steps: Whole = Field(default=0, description="of the second pass, or 0")
    sampler: str | None = None
    schedule: str | None = None
    checkpoint: str | None = None
    prompt: str = ""
    negative_prompt: str = ""
    cfg_scale: float | None = None
    extra_noise: float = 0.0


class LoraFields(Strict):
    """A LoRA; it is added to the prompt as the tag of A1111's language that says the same."""

    name: str = Field(
        pattern=r"^[^:<>,\n]+$", max_length=255, description="one of GET /sdapi/v1/loras"
    )
    weight: float = Field(default=1.0, ge=-1000, le=1000, description="on the U-Net")
    text_weight: float | None = Field(
        default=None, ge=-1000, le=1000, description="on the text encoders; null for the same"
    )
    rank: Whole | None = Field(default=None, ge=1, description="so many dimensions; null for all")

    @property
    def tag(self) -> str:
        """`<lora:name:text weight:weight:dyn>`."""
        text = self.weight if self.text_weight is None else self.text_weight
        rank = "" if self.rank is None else f":{self.rank}"
        return f"<lora:{self.name}:{text:.10g}:{self.weight:.10g}{rank}>"


class RefinerFields(Strict):
    """Another checkpoint for the last part of the way."""

    checkpoint: str = Field(description="a name of it")
    switch_at: float = Field(default=0.8, description="share of the way after which it takes over")
    by_steps: bool = Field(default=False, description="a share of steps, not of timesteps")


class PaintingFields(Strict):
    """What to paint. Everything has a default."""

    prompt: str = Field(default="", description="what to show, in A1111's prompt language")
    negative_prompt: str = Field(default="", description="what to avoid")
    styles: list[str] = Field(default_factory=list[str], description="names of saved styles")
    loras: list[LoraFields] = Field(
        default_factory=list[LoraFields], max_length=64, description="LoRAs, in their order"
    )
    seed: Whole = Field(default=_REQUEST.seed, description="of the first image; -1 for any")
    steps: Whole = Field(default=_REQUEST.steps, description="denoising steps")
    width: Whole = Field(default=_REQUEST.width, description="in pixels, a multiple of 8")
    height: Whole = Field(default=_REQUEST.height, description="in pixels, a multiple of 8")
    sampler: str = Field(default=_REQUEST.sampler, description="one of GET /sdapi/v1/samplers")
    schedule: str | None = Field(default=None, description="one of GET /sdapi/v1/schedulers")
    images: Whole = Field(default=_REQUEST.images, description="how many, with seeds counting up")
    checkpoint: str | None = Field(
        default=None, description="name, title or hash; null for the server's own"
    )
    vae: str | None = Field(
        default=None,
        description="name of one of GET /sdapi/v1/sd-vae, None for the checkpoint's own, Automatic"
        " for the one that goes with it; null for what the server's options say",
    )
    cfg_scale: float = Field(default=_GUIDANCE.cfg_scale, description="classifier-free guidance")
    clip_skip: Whole = Field(default=_TEXT.clip_skip, description="1 leaves no layer out")
    tiling: bool = Field(default=False, description="a picture that can be laid side by side")
    subseed: Whole = Field(
        default=_REQUEST.subseed, description="seed of the variation; -1 for any"
    )
    subseed_strength: float = Field(default=0.0, description="0 … 1, how much of the variation")
    seed_resize_from: list[Whole] | None = Field(
        default=None,
        min_length=2,
        max_length=2,
        description="[width, height] whose composition is kept",
    )
    random_source: RandomSource = Field(
        default=_REQUEST.random_source, description="GPU, CPU or NV; where noise is drawn"
    )
    ensd: Whole = Field(default=_REQUEST.ensd, description="eta noise seed delta")
    uses_networks: bool = Field(default=True, description="heed LoRAs")
    token_merging: float = Field(default=0.0, description="ToMe ratio, 0 … 0.9")
    token_merging_hires: float = Field(default=0.0, description="the same for the hires pass")
    sampling: SamplingFields = Field(default_factory=SamplingFields)
    guidance: GuidanceFields = Field(default_factory=GuidanceFields)
    text: TextFields = Field(default_factory=TextFields)
    init: InitFields | None = Field(default=None, description="a picture to begin with (img2img)")
    hires: HiresFields | None = Field(default=None, description="a second, larger pass")
    refiner: RefinerFields | None = Field(default=None, description="a checkpoint for the end")


class SdapiFields(Strict):
    """A request in A1111's words, as a job."""

    tab: Literal["txt2img", "img2img"] = Field(description="which of A1111's two calls")
    body: dict[str, Any] = Field(
        description="the body of that call, with its defaults and its habits"
    )


class JobBody(PaintingFields):
    """A job: what to paint in our words, or in A1111's with `sdapi`, and how it is treated."""

    model_config = ConfigDict(json_schema_extra={"examples": [*EXAMPLES]})

    preset: str | None = Field(
        default=None,
        max_length=100,
        description="name of one of GET /v1/presets, whose fields stand in for those left out",
    )
    priority: Priority = Field(default="normal", description="who goes first where work is chosen")
    draft_steps: Whole | None = Field(
        default=None,
        ge=1,
        description="stop after so many steps, show a draft, wait to be promoted",
    )
    webhook: str | None = Field(
        default=None, max_length=2048, description="http(s) address that is told of the job's end"
    )
    sdapi: SdapiFields | None = Field(
        default=None, description="in place of all fields about the picture"
    )

    @model_validator(mode="after")
    def _has_one_form(self) -> Self:
        both = sorted(self.model_fields_set & PaintingFields.model_fields.keys())
        if self.sdapi is not None and self.preset is not None:
            raise PydanticCustomError(
                "two_forms", "a preset holds fields in our words; leave it out beside sdapi"
            )
        if self.sdapi is not None and both:
            raise PydanticCustomError(
                "two_forms",
                "beside sdapi there can be no {fields}; put it into sdapi.body",
                {"fields": ", ".join(both)},
            )
        return self
