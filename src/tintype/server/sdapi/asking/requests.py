"""A1111's words in ours: from a body and the options in force to a `Request`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, cast

from tintype.core.faces import FaceSettings
from tintype.core.mask_settings import MaskSettings, SoftInpainting
from tintype.core.requests import (
    GuidanceSettings,
    HiresRequest,
    Init,
    RefinerRequest,
    Request,
)
from tintype.core.sampler_settings import SamplerSettings
from tintype.core.samplers import SamplerInfo, find_sampler
from tintype.core.text_settings import TextSettings
from tintype.errors import InvalidRequest, shown
from tintype.server.sdapi.asking.fields import GenerationBody, Img2ImgBody, Txt2ImgBody
from tintype.server.sdapi.asking.upscaling import tiles_of
from tintype.server.sdapi.options import Effective
from tintype.server.sdapi.options.table import CHECKPOINT, CLIP_SKIP, VAE, VAE_GOES_FIRST, WILDCARDS

if TYPE_CHECKING:
    from PIL import Image

_SOFT_INPAINTING = "soft inpainting"
_NOISE_MULTIPLIER = "initial_noise_multiplier"
_CHURN = ("s_churn", "s_tmin", "s_tmax", "s_noise")


def txt2img_request(body: Txt2ImgBody, options: Effective) -> Request:
    """What a body of txt2img asks for.

    Raises:
        InvalidRequest: a field has no sense.
        UnknownName: the sampler is not known.
    """
    request = _common(body, options)
    if not body.enable_hr:
        return request
    width, height = body.firstphase_width, body.firstphase_height
    if width > 0 and height > 0:
        request = replace(request, width=width, height=height)
    return replace(request, hires=_hires(body, options))


def img2img_request(body: Img2ImgBody, options: Effective) -> Request:
    """What a body of img2img asks for; several pictures are one batch.

    Raises as `txt2img_request`.
    """
    request = _common(body, options)
    pictures = init_pictures(body)
    if len(pictures) > 1:
        size = len(pictures)
        request = replace(
            request,
            images=size * body.n_iter,
            batch_size=size,
            init_pictures=tuple(pictures),
        )
    merging = options["token_merging_ratio_img2img"] or options["token_merging_ratio"]
    guidance = replace(request.guidance, image_cfg_scale=body.image_cfg_scale)
    init = _init(body, options, pictures[0])
    return replace(
        request,
        init=init,
        token_merging=merging,
        guidance=guidance,
        warnings=_warnings(body),
    )


def _warnings(body: Img2ImgBody) -> tuple[str, ...]:
    if _NOISE_MULTIPLIER not in (body.override_settings or {}):
        return ()
    return (
        f"{_NOISE_MULTIPLIER} in override_settings has no effect, as in A1111; "
        "send the field of that name, or set the server's option",
    )


def init_pictures(body: Img2ImgBody) -> list[bytes]:
    """The pictures to begin with. Raises `InvalidRequest` if there are none, or too many."""
    from tintype.imaging import decoded, picture_from

    if not body.init_images:
        raise InvalidRequest("init_images", "there is no picture to begin with; send at least one")
    if len(body.init_images) > max(body.batch_size, 1):
        count, size = len(body.init_images), body.batch_size
        raise InvalidRequest("init_images", f"{count} pictures do not fit a batch_size of {size}")
    files = [decoded(text, "init_images") for text in body.init_images]
    for file in files:
        picture_from(file, "init_images")
    return files


def _common(body: GenerationBody, options: Effective) -> Request:
    size = (body.seed_resize_from_w, body.seed_resize_from_h)
    batch_size = _count("batch_size", body.batch_size)
    return Request(
        prompt=body.prompt,
        negative_prompt=body.negative_prompt,
        styles=tuple(body.styles or ()),
        seed=body.seed,
        steps=body.steps,
        width=body.width,
        height=body.height,
        sampler=body.sampler,
        schedule=_schedule(body, options),
        images=batch_size * _count("n_iter", body.n_iter),
        batch_size=batch_size,
        checkpoint=options[CHECKPOINT],
        vae=options[VAE],
        vae_goes_first=options[VAE_GOES_FIRST],
        subseed=body.subseed,
        subseed_strength=body.subseed_strength,
        seed_resize_from=size if min(size) > 0 else None,
        random_source=options["randn_source"],
        ensd=options["eta_noise_seed_delta"],
        sampling=_sampling(body, options),
        guidance=_guidance(body, options),
        text=_text(options),
        uses_networks=not body.disable_extra_networks,
        tiling=options["tiling"] if body.tiling is None else body.tiling,
        token_merging=options["token_merging_ratio"],
        token_merging_hires=options["token_merging_ratio_hr"] or options["token_merging_ratio"],
        refiner=_refiner(body, options),
        tiles=tiles_of(options),
        faces=_faces(body, options),
    )


def _faces(body: GenerationBody, options: Effective) -> FaceSettings | None:
    is_wanted = options["face_restoration"] if body.restore_faces is None else body.restore_faces
    if not is_wanted:
        return None
    return FaceSettings(
        options["face_restoration_model"],
        options["code_former_weight"],
        keeps_former=body.save_images and options["save_images_before_face_restoration"],
    )


def _schedule(body: GenerationBody, options: Effective) -> str | None:
    """The schedule asked for, or None for what the sampler's name says.

    A client that sends no field `scheduler` was written before A1111 1.9 had it. A sampler's plain
    name then meant evenly spaced timesteps, "Restart" apart.
    """
    if body.scheduler:
        return body.scheduler
    if options["k_sched_type"].casefold() != "automatic":
        return options["k_sched_type"]
    return None if "scheduler" in body.model_fields_set else _plain_meaning(body.sampler)


def _plain_meaning(sampler: str) -> str | None:
    info, named = find_sampler(sampler)
    is_other = named is None and info.default_schedule is not None and info.name != "Restart"
    return "Uniform" if is_other else None


def _sampling(body: GenerationBody, options: Effective) -> SamplerSettings:
    info = find_sampler(body.sampler)[0]
    eta = body.eta if body.eta is not None else _eta(options, info)
    s_churn, s_tmin, s_tmax, s_noise, states_churn = _churn(body, options, info)
    return SamplerSettings(
        eta=eta,
        s_churn=s_churn,
        s_tmin=s_tmin,
        s_tmax=s_tmax or inf,
        s_noise=s_noise,
        sigma_min=options["sigma_min"] or None,
        sigma_max=options["sigma_max"] or None,
        rho=options["rho"] or None,
        old_karras_range=options["use_old_karras_scheduler_sigmas"],
        discards_penultimate=options["always_discard_next_to_last_sigma"],
        sgm_noise=options["sgm_noise_multiplier"],
        quantizes=options["enable_quantization"],
        downcasts_alphas=options["use_downcasted_alpha_bar"],
        zero_terminal_snr=options["sd_noise_schedule"] == "Zero Terminal SNR",
        ddim_discretize=options["ddim_discretize"],
        unipc_variant=options["uni_pc_variant"],
        unipc_skip_type=options["uni_pc_skip_type"],
        unipc_order=options["uni_pc_order"],
        unipc_lower_order_final=options["uni_pc_lower_order_final"],
        beta_alpha=options["beta_dist_alpha"],
        beta_beta=options["beta_dist_beta"],
        states_churn=states_churn,
    )


def _eta(options: Effective, info: SamplerInfo) -> float | None:
    """What the server's options say, or None for the sampler's own."""
    is_ddim = info.name.startswith("DDIM")
    option, neutral = ("eta_ddim", 0.0) if is_ddim else ("eta_ancestral", 1.0)
    return None if options[option] == neutral else options[option]


def _churn(
    body: GenerationBody, options: Effective, info: SamplerInfo
) -> tuple[float, float, float, float, bool]:
    """Request values, each overruled by an option that is not neutral; then infotext names them."""
    neutral = {"s_churn": 0.0, "s_tmin": 0.0, "s_tmax": 0.0, "s_noise": 1.0}
    overruled = [name for name in _CHURN if options[name] != neutral[name]]
    values: list[float] = []
    for name in _CHURN:
        asked = getattr(body, name)
        value = options[name] if asked is None or name in overruled else asked
        values.append(float(value))
    s_churn, s_tmin, s_tmax, s_noise = values
    return s_churn, s_tmin, s_tmax, s_noise, bool(overruled)


def _guidance(body: GenerationBody, options: Effective) -> GuidanceSettings:
    asked = body.s_min_uncond
    return GuidanceSettings(
        cfg_scale=float(body.cfg_scale),
        s_min_uncond=options["s_min_uncond"] if asked is None else asked,
        s_min_uncond_all=options["s_min_uncond_all"],
        skip_early_cond=options["skip_early_cond"],
    )


def _text(options: Effective) -> TextSettings:
    return TextSettings(
        emphasis=options["emphasis"],
        comma_backtrack=options["comma_padding_backtrack"],
        old_schedule_rule=options["use_old_scheduling"],
        old_emphasis=options["use_old_emphasis_implementation"],
        clip_skip=options[CLIP_SKIP],
        pads_uncond=options["pad_cond_uncond"],
        pads_uncond_v0=options["pad_cond_uncond_v0"],
        keeps_comments=not options["enable_prompt_comments"],
        crop_top=options["sdxl_crop_top"],
        crop_left=options["sdxl_crop_left"],
        high_score=options["sdxl_refiner_high_aesthetic_score"],
        low_score=options["sdxl_refiner_low_aesthetic_score"],
        wildcards=options[WILDCARDS],
    )


def _refiner(body: GenerationBody, options: Effective) -> RefinerRequest | None:
    name = body.refiner_checkpoint
    if name is None or name in ("", "None"):
        return None
    by_steps = options["refiner_switch_by_sample_steps"]
    return RefinerRequest(name, body.refiner_switch_at or 0.0, by_steps)


def _hires(body: Txt2ImgBody, options: Effective) -> HiresRequest:
    if body.denoising_strength is None:
        raise InvalidRequest("denoising_strength", "hires fix needs a number from 0 to 1")
    return HiresRequest(
        denoising_strength=body.denoising_strength,
        scale=body.hr_scale,
        width=body.hr_resize_x,
        height=body.hr_resize_y,
        upscaler=body.hr_upscaler or "Latent",
        steps=body.hr_second_pass_steps,
        sampler=body.hr_sampler_name,
        schedule=_hires_schedule(body),
        checkpoint=body.hr_checkpoint_name,
        prompt=body.hr_prompt,
        negative_prompt=body.hr_negative_prompt,
        extra_noise=options["img2img_extra_noise"],
    )


def _check_mask(mask: "Image.Image", body: Img2ImgBody) -> None:
    from tintype.imaging.masks import inverted, mask_from

    level = mask_from(mask, rounds=body.mask_round)
    if body.inpainting_mask_invert:
        level = inverted(level)
    if body.inpaint_full_res and level.getbbox() is None:
        what = "nothing in it is to be repainted, so there is no masked area to work on alone"
        raise InvalidRequest("mask", what)


def _hires_schedule(body: Txt2ImgBody) -> str | None:
    is_known = not {"scheduler", "hr_scheduler"}.isdisjoint(body.model_fields_set)
    if body.hr_scheduler or is_known or not body.hr_sampler_name:
        return body.hr_scheduler
    return _plain_meaning(body.hr_sampler_name)


def _init(body: Img2ImgBody, options: Effective, picture: bytes) -> Init:
    from tintype.imaging import decoded, picture_from

    mask = None if not body.mask else decoded(body.mask, "mask")
    if mask is not None:
        _check_mask(picture_from(mask, "mask"), body)
    if body.denoising_strength is None:
        raise InvalidRequest("denoising_strength", "img2img needs a number from 0 to 1")
    multiplier = body.initial_noise_multiplier
    soft = _soft_inpainting(body.alwayson_scripts)
    blur = body.mask_blur
    return Init(
        picture=picture,
        resize_mode=body.resize_mode,
        denoising_strength=body.denoising_strength,
        fixes_steps=options["img2img_fix_steps"],
        background=options["img2img_background_color"],
        noise_multiplier=options[_NOISE_MULTIPLIER] if multiplier is None else multiplier,
        extra_noise=options["img2img_extra_noise"],
        corrects_colours=options["img2img_color_correction"],
        upscaler=options["upscaler_for_img2img"] or None,
        mask=mask,
        masking=MaskSettings(
            blur_x=body.mask_blur_x if blur is None else blur,
            blur_y=body.mask_blur_y if blur is None else blur,
            invert=bool(body.inpainting_mask_invert),
            fill=body.inpainting_fill,
            only_masked=body.inpaint_full_res,
            padding=body.inpaint_full_res_padding,
            rounds=body.mask_round and soft is None,
        ),
        soft=soft,
        mask_weight=options["inpainting_mask_weight"],
        overlays=options["overlay_inpaint"],
        returns_mask=_is_made("mask", body, options),
        returns_composite=_is_made("mask_composite", body, options),
    )


def _is_made(name: str, body: Img2ImgBody, options: Effective) -> bool:
    """To be returned, or to be kept with the pictures."""
    return options[f"return_{name}"] or (body.save_images and options[f"save_{name}"])


def script_arguments(scripts: Mapping[str, Any], title: str) -> Sequence[Any] | None:
    """What a body sends for an always-on script, by its title in any case; None for nothing."""
    for name, script in scripts.items():
        if name.casefold() == title:
            is_named = isinstance(script, dict)
            arguments = cast("dict[str, Any]", script).get("args", []) if is_named else script
            if not isinstance(arguments, list):
                raise InvalidRequest("alwayson_scripts", f"args of {shown(name)} are no list")
            return cast("list[Any]", arguments)
    return None


def _soft_inpainting(scripts: Mapping[str, Any]) -> SoftInpainting | None:
    arguments = script_arguments(scripts, _SOFT_INPAINTING)
    if not arguments or not arguments[0]:
        return None
    try:
        return SoftInpainting(*(_as_sent(argument) for argument in arguments[1:7]))
    except (TypeError, ValueError) as error:
        raise InvalidRequest(
            "alwayson_scripts", "Soft Inpainting takes a switch and six numbers"
        ) from error


def _as_sent(value: Any) -> float:
    """A number; whole ones stay whole, for infotext repeats them as they were sent."""
    return value if isinstance(value, int) and not isinstance(value, bool) else float(value)


def _count(field: str, value: int) -> int:
    if value < 1:
        raise InvalidRequest(field, f"{value} is not 1 or more")
    return value
