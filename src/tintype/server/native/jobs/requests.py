"""From the body of a job to the `Request` everybody speaks of."""

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, get_args

from tintype.core.mask_settings import MaskSettings, SoftInpainting
from tintype.core.requests import (
    AUTOMATIC_VAE,
    GuidanceSettings,
    HiresRequest,
    Init,
    RefinerRequest,
    Request,
)
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest
from tintype.server.native.jobs.fields import (
    InitFields,
    MaskFields,
    MaskFill,
    PaintingFields,
    ResizeMode,
    SamplingFields,
)

if TYPE_CHECKING:
    from PIL import Image

_RESIZE_MODES: tuple[str, ...] = get_args(ResizeMode)
_FILLS: tuple[str, ...] = get_args(MaskFill)

_OUR_WORDS: Mapping[str, str] = {  # planning speaks of some fields as A1111's clients do
    "hr_scale": "hires.scale",
    "hr_resize_x": "hires.width",
    "hr_resize_y": "hires.height",
    "hr_second_pass_steps": "hires.steps",
    "hr_prompt": "hires.prompt",
    "hr_negative_prompt": "hires.negative_prompt",
    "refiner_switch_at": "refiner.switch_at",
    "token_merging_ratio": "token_merging",
    "token_merging_ratio_hr": "token_merging_hires",
    "initial_noise_multiplier": "init.noise_multiplier",
    "img2img_extra_noise": "init.extra_noise",
    "mask_blur": "init.mask.blur",
    "inpaint_full_res_padding": "init.mask.padding",
    "uni_pc_order": "sampling.unipc_order",
} | {
    name: f"sampling.{name}"
    for name in ("eta", "s_churn", "s_tmin", "s_noise", "sigma_min", "sigma_max", "rho")
}


def picture_request(
    fields: PaintingFields,
    checkpoint: str | None,
    vae: str = AUTOMATIC_VAE,
    *,
    vae_goes_first: bool = True,
) -> Request:
    """What a body asks for. Unpacks pictures, so it belongs in a thread.

    Args:
        checkpoint: the one to use where the body names none.
        vae: the autoencoder where the body names none.
        vae_goes_first: `vae` wins over what goes with the checkpoint; one of the body always does.

    Raises:
        InvalidRequest: a picture cannot be read.
    """
    size = fields.seed_resize_from
    return Request(
        prompt=fields.prompt + "".join(lora.tag for lora in fields.loras),
        negative_prompt=fields.negative_prompt,
        styles=tuple(fields.styles),
        seed=fields.seed,
        steps=fields.steps,
        width=fields.width,
        height=fields.height,
        sampler=fields.sampler,
        schedule=fields.schedule,
        images=fields.images,
        checkpoint=fields.checkpoint or checkpoint,
        vae=fields.vae or vae,
        vae_goes_first=vae_goes_first or bool(fields.vae),
        subseed=fields.subseed,
        subseed_strength=fields.subseed_strength,
        seed_resize_from=None if size is None else (size[0], size[1]),
        random_source=fields.random_source,
        ensd=fields.ensd,
        sampling=_sampling(fields.sampling),
        guidance=GuidanceSettings(cfg_scale=fields.cfg_scale, **fields.guidance.model_dump()),
        text=TextSettings(clip_skip=fields.clip_skip, **fields.text.model_dump()),
        uses_networks=fields.uses_networks,
        tiling=fields.tiling,
        token_merging=fields.token_merging,
        token_merging_hires=fields.token_merging_hires,
        init=None if fields.init is None else _init(fields.init),
        hires=None if fields.hires is None else HiresRequest(**fields.hires.model_dump()),
        refiner=None if fields.refiner is None else RefinerRequest(**fields.refiner.model_dump()),
    )


def in_our_words(error: InvalidRequest, fields: PaintingFields) -> InvalidRequest:
    """The same refusal under the field's name here."""
    ours = _OUR_WORDS.get(error.field, error.field)
    if ours == "denoising_strength":
        ours = f"{'hires' if fields.init is None else 'init'}.{ours}"
    return InvalidRequest(ours, str(error).removeprefix(f"{error.field}: "))


def _sampling(fields: SamplingFields) -> SamplerSettings:
    told = fields.model_dump()
    churns = {"s_churn", "s_tmin", "s_tmax", "s_noise"} & fields.model_fields_set
    told["s_tmax"] = inf if fields.s_tmax is None else fields.s_tmax
    return SamplerSettings(**told, states_churn=bool(churns))


def _init(fields: InitFields) -> Init:
    from tintype.imaging import decoded, picture_from

    picture = decoded(fields.picture, "init.picture")
    picture_from(picture, "init.picture")
    mask = fields.mask
    return Init(
        picture=picture,
        resize_mode=_RESIZE_MODES.index(fields.resize_mode),
        denoising_strength=fields.denoising_strength,
        fixes_steps=fields.fixes_steps,
        background=fields.background,
        noise_multiplier=fields.noise_multiplier,
        extra_noise=fields.extra_noise,
        corrects_colours=fields.corrects_colours,
        mask=None if mask is None else _mask_file(mask),
        masking=MaskSettings() if mask is None else _masking(mask),
        soft=SoftInpainting(**mask.soft.model_dump()) if mask and mask.soft else None,
    )


def _masking(mask: MaskFields) -> MaskSettings:
    return MaskSettings(
        blur_x=mask.blur,
        blur_y=mask.blur,
        invert=mask.invert,
        fill=_FILLS.index(mask.fill),
        only_masked=mask.only_masked,
        padding=mask.padding,
        rounds=mask.soft is None,
    )


def _mask_file(mask: MaskFields) -> bytes:
    from tintype.imaging import decoded, picture_from

    file = decoded(mask.picture, "init.mask.picture")
    picture = picture_from(file, "init.mask.picture")
    if mask.only_masked and _is_empty(picture, mask):
        what = "nothing in it is to be repainted, so there is no masked area to work on alone"
        raise InvalidRequest("init.mask", what)
    return file


def _is_empty(picture: "Image.Image", mask: MaskFields) -> bool:
    from tintype.imaging.masks import inverted, mask_from

    level = mask_from(picture, rounds=mask.soft is None)
    return (inverted(level) if mask.invert else level).getbbox() is None
