"""The field `infotext`: what a body leaves out is taken from how a picture was made.

A1111's mistakes are not made again: sides of "Seed resize from" keep their order, "Use same
sampler" is no name of one, what was made by img2img gets no hires pass, and the beta schedule's
numbers are heard.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tintype.errors import InvalidRequest, TintypeError, shown
from tintype.prompt.parameters import Parameters, parse_parameters
from tintype.prompt.styles import Style
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.options import Effective, Options
from tintype.server.sdapi.options.table import CHECKPOINT, CLIP_SKIP

Body = TypeVar("Body", bound=GenerationBody)
_FILLS = ("fill", "original", "latent noise", "latent nothing")


@dataclass(frozen=True, slots=True)
class _Field:
    """How a field is read: the label of infotext and what makes its value, or None to leave it."""

    label: str
    read: Callable[[str], Any] = str


def _unless(*words: str) -> Callable[[str], str | None]:
    return lambda text: None if text in words else text


_FIELDS: dict[str, _Field] = {
    "prompt": _Field("Prompt"),
    "negative_prompt": _Field("Negative prompt"),
    "seed": _Field("Seed", int),
    "subseed": _Field("Variation seed", int),
    "subseed_strength": _Field("Variation seed strength", float),
    "seed_resize_from_w": _Field("Seed resize from-1", int),
    "seed_resize_from_h": _Field("Seed resize from-2", int),
    "sampler_name": _Field("Sampler"),
    "scheduler": _Field("Schedule type", _unless("Automatic")),
    "steps": _Field("Steps", int),
    "cfg_scale": _Field("CFG scale", float),
    "width": _Field("Size-1", int),
    "height": _Field("Size-2", int),
    "denoising_strength": _Field("Denoising strength", float),
    "refiner_checkpoint": _Field("Refiner", _unless("None")),
    "refiner_switch_at": _Field("Refiner switch at", float),
}
_TXT2IMG_FIELDS: dict[str, _Field] = {
    "hr_scale": _Field("Hires upscale", float),
    "hr_upscaler": _Field("Hires upscaler"),
    "hr_second_pass_steps": _Field("Hires steps", int),
    "hr_resize_x": _Field("Hires resize-1", int),
    "hr_resize_y": _Field("Hires resize-2", int),
    "hr_checkpoint_name": _Field("Hires checkpoint", _unless("Use same checkpoint")),
    "hr_sampler_name": _Field("Hires sampler", _unless("Use same sampler")),
    "hr_scheduler": _Field("Hires schedule type", _unless("Use same scheduler", "Automatic")),
    "hr_prompt": _Field("Hires prompt"),
    "hr_negative_prompt": _Field("Hires negative prompt"),
}
_IMG2IMG_FIELDS: dict[str, _Field] = {
    "image_cfg_scale": _Field("Image CFG scale", float),
    "mask_blur": _Field("Mask blur", int),
    "inpainting_mask_invert": _Field("Mask mode", lambda text: int(text == "Inpaint not masked")),
    "inpainting_fill": _Field("Masked content", lambda text: _FILLS.index(text)),
    "inpaint_full_res": _Field("Inpaint area", lambda text: text == "Only masked"),
    "inpaint_full_res_padding": _Field("Masked area padding", int),
    "initial_noise_multiplier": _Field("Noise multiplier", float),
}
_OPTIONS: dict[str, str] = {
    "Clip skip": CLIP_SKIP,
    "ENSD": "eta_noise_seed_delta",
    "RNG": "randn_source",
    "Emphasis": "emphasis",
    "Eta": "eta_ancestral",
    "Eta DDIM": "eta_ddim",
    "Sigma churn": "s_churn",
    "Sigma tmin": "s_tmin",
    "Sigma tmax": "s_tmax",
    "Sigma noise": "s_noise",
    "Schedule min sigma": "sigma_min",
    "Schedule max sigma": "sigma_max",
    "Schedule rho": "rho",
    "Beta schedule alpha": "beta_dist_alpha",
    "Beta schedule beta": "beta_dist_beta",
    "Noise Schedule": "sd_noise_schedule",
    "Skip Early CFG": "skip_early_cond",
    "NGMS": "s_min_uncond",
    "NGMS all steps": "s_min_uncond_all",
    "Pad conds": "pad_cond_uncond",
    "Pad conds v0": "pad_cond_uncond_v0",
    "Token merging ratio": "token_merging_ratio",
    "Token merging ratio hr": "token_merging_ratio_hr",
    "Extra noise": "img2img_extra_noise",
    "Conditional mask weight": "inpainting_mask_weight",
    "Discard penultimate sigma": "always_discard_next_to_last_sigma",
    "SGM noise multiplier": "sgm_noise_multiplier",
    "UniPC variant": "uni_pc_variant",
    "UniPC skip type": "uni_pc_skip_type",
    "UniPC order": "uni_pc_order",
    "UniPC lower order final": "uni_pc_lower_order_final",
    "Tiling": "tiling",
    "Downcast alphas_cumprod": "use_downcasted_alpha_bar",
    "Old prompt editing timelines": "use_old_scheduling",
    "Refiner switch by sampling steps": "refiner_switch_by_sample_steps",
    "VAE": "sd_vae",
    "VAE Encoder": "sd_vae_encode_method",
    "VAE Decoder": "sd_vae_decode_method",
    "FP8 weight": "fp8_storage",
}


def pasted(body: Body, options: Options, styles: Sequence[Style]) -> tuple[Body, tuple[str, ...]]:
    """The body with what its infotext tells and it leaves out.

    Args:
        styles: saved ones, recognised in the prompts and taken off them.

    Returns:
        the body, and warnings: what the infotext asks for and cannot be had here.

    Raises:
        InvalidRequest: a value of the infotext cannot be read.
    """
    in_force = options.with_overrides(body.override_settings or {})
    found = parse_parameters(
        body.infotext or "", styles=styles, skipped=in_force["infotext_skip_pasting"]
    )
    overrides, warnings = _overrides(body, found, options, in_force)
    updates = _updates(body, found) | {"override_settings": overrides or body.override_settings}
    return body.model_copy(update=updates), warnings


def _updates(body: GenerationBody, found: Parameters) -> dict[str, Any]:
    is_txt2img = isinstance(body, Txt2ImgBody)
    fields = _FIELDS | (_TXT2IMG_FIELDS if is_txt2img else _IMG2IMG_FIELDS)
    updates: dict[str, Any] = {}
    for name, field in fields.items():
        if name not in body.model_fields_set and field.label in found:
            value = _value(field, str(found[field.label]))
            updates |= {} if value is None else {name: value}
    if "styles" not in body.model_fields_set and "Styles array" in found:
        updates["styles"] = found["Styles array"]
    if is_txt2img and "enable_hr" not in body.model_fields_set:
        updates["enable_hr"] = _was_enlarged(found)
    if isinstance(body, Img2ImgBody):
        updates |= _soft_inpainting(body, found)
    return updates


def _value(field: _Field, text: str) -> Any:
    try:
        return field.read(text)
    except ValueError as error:
        raise InvalidRequest("infotext", f"{field.label} cannot be {shown(text)}") from error


def _was_enlarged(found: Parameters) -> bool:
    sides = (found.get("Hires resize-1"), found.get("Hires resize-2"))
    is_named = "Hires upscale" in found or "Hires upscaler" in found
    return "Denoising strength" in found and (is_named or any(str(s) != "0" for s in sides if s))


def _soft_inpainting(body: Img2ImgBody, found: Parameters) -> dict[str, Any]:
    """Its arguments, where infotext says it was on and the body says nothing of it."""
    labels = (
        "schedule bias",
        "preservation strength",
        "transition contrast boost",
        "mask influence",
        "difference threshold",
        "difference contrast",
    )
    texts = [found.get(f"Soft inpainting {label}") for label in labels]
    named = {title.casefold() for title in body.alwayson_scripts}
    if found.get("Soft inpainting enabled") != "True" or "soft inpainting" in named:
        return {}
    if any(text is None for text in texts):
        return {}
    numbers = [
        _value(_Field(f"Soft inpainting {labels[n]}", float), str(t)) for n, t in enumerate(texts)
    ]
    script = {"Soft Inpainting": {"args": [True, *numbers]}}
    return {"alwayson_scripts": {**body.alwayson_scripts, **script}}


def _overrides(
    body: GenerationBody, found: Parameters, options: Options, in_force: Effective
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Options that differ from those in force; what the body overrides itself stays."""
    overrides: dict[str, Any] = dict(body.override_settings or {})
    warnings: list[str] = []
    for label, name in _told_options(found, in_force).items():
        if name in overrides or name in body.model_fields_set:
            continue
        value = found[label]
        try:
            read = options.with_overrides({name: value})[name]
        except TintypeError as error:
            warnings.append(f"infotext: {label} was left out: {error}")
            continue
        if read != in_force[name]:
            overrides[name] = read
    return overrides, tuple(warnings)


def _told_options(found: Parameters, in_force: Effective) -> Mapping[str, str]:
    told = {label: name for label, name in _OPTIONS.items() if label in found}
    if not in_force["disable_weights_auto_swap"] and "Model hash" in found:
        told["Model hash"] = CHECKPOINT
    return told
