"""A1111's options as far as they mean something here: what each may be, and what it is at first."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import cast

from tintype.core.requests import AUTOMATIC_VAE
from tintype.core.samplers import find_schedule
from tintype.core.upscalers import PIXEL_UPSCALERS, find_upscaler
from tintype.errors import InvalidRequest, UnknownName, shown

CHECKPOINT, CLIP_SKIP = "sd_model_checkpoint", "CLIP_stop_at_last_layers"
VAE, VAE_GOES_FIRST = "sd_vae", "sd_vae_overrides_per_model_preferences"
READ_EARLY = frozenset({"initial_noise_multiplier"})
"""Options that have no effect in `override_settings`, but only as the server's own."""

READ_LATE = ("samples_format", "jpeg_quality", "webp_lossless")
"""Options that decide about the answer as the server's own alone, and about kept files as usual."""

_MOST_CLIP_SKIP = 12  # as A1111's slider ends


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        default: its value at first.
        read: the value somebody sent, in its proper type; raises `ValueError` with what was
            expected.
        is_heard: it decides about pictures or answers; the others are kept and shown only.
    """

    default: object
    read: Callable[[object], object]
    is_heard: bool = True


def read_option(name: str, option: Option, value: object) -> object:
    """A value somebody sent for an option; null means the default. Raises `InvalidRequest`."""
    if value is None:
        return option.default
    try:
        return option.read(value)
    except ValueError as expected:
        raise InvalidRequest(name, f"{shown(value)} is not {expected}") from expected


def _flag(*, default: bool = False) -> Option:
    def read(value: object) -> bool:
        if isinstance(value, bool) or (isinstance(value, int | float) and value in (0, 1)):
            return bool(value)
        words = {"true": True, "false": False}
        if isinstance(value, str) and value.casefold() in words:
            return words[value.casefold()]
        raise ValueError("true or false")

    return Option(default, read)


def _number(default: float, low: float = 0.0, high: float = 10_000.0) -> Option:
    def read(value: object) -> float:
        try:
            number = float(value) if isinstance(value, int | float | str) else float("nan")
        except (ValueError, OverflowError):
            number = float("nan")
        if not (isfinite(number) and low <= number <= high):
            raise ValueError(f"a number from {low:g} to {high:g}")
        return number

    return Option(default, read)


def _whole(default: int, low: int, high: int) -> Option:
    def read(value: object) -> int:
        try:
            number = int(value) if isinstance(value, int | float | str) else low - 1
        except (ValueError, OverflowError):
            number = low - 1
        if not low <= number <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return number

    return Option(default, read)


def _one_of(*choices: str) -> Option:
    """One of the choices in any case; the first one is the default."""

    def read(value: object) -> str:
        for choice in choices:
            if isinstance(value, str) and value.casefold() == choice.casefold():
                return choice
        raise ValueError("one of " + ", ".join(repr(choice) for choice in choices))

    return Option(choices[0], read)


def _text(default: str | None = "") -> Option:
    def read(value: object) -> str:
        if isinstance(value, str):
            return value
        raise ValueError("text")

    return Option(default, read)


def _colour(default: str) -> Option:
    def read(value: object) -> str:
        from PIL import ImageColor  # not needed to answer the door

        try:
            ImageColor.getrgb(value if isinstance(value, str) else "")
        except ValueError as error:
            raise ValueError("a colour such as #ffffff or white") from error
        return str(value)

    return Option(default, read)


def _upscaler() -> Option:
    """One that enlarges pixels; empty for none in particular."""

    def read(value: object) -> str | None:
        if value == "":
            return None
        try:
            return find_upscaler(str(value), latent=False)
        except UnknownName as error:
            raise ValueError("one of " + ", ".join(PIXEL_UPSCALERS)) from error

    return Option(None, read)


def _schedule() -> Option:
    def read(value: object) -> str:
        try:
            return find_schedule(str(value)).label
        except UnknownName as error:
            raise ValueError("one of " + ", ".join(error.choices)) from error

    return Option("Automatic", read)


def _names() -> Option:
    def read(value: object) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError("a list of names")
        return tuple(str(name) for name in cast("list[object]", value))

    return Option((), read)


def _fixed(shown_value: object, *also: object) -> Option:
    """An option that says how things are here; sending back what is true is fine."""
    accepted = (shown_value, *also)

    def read(value: object) -> object:
        if value in accepted:
            return shown_value
        raise ValueError(f"supported yet; it is {shown_value!r} here")

    return Option(shown_value, read)


def _idle(default: object) -> Option:
    """An option of A1111's page, previews, speed or memory: kept, shown, without effect."""
    return Option(default, lambda value: value, is_heard=False)


OPTIONS: dict[str, Option] = {
    # The model
    CHECKPOINT: _text(None),
    CLIP_SKIP: _whole(1, 1, _MOST_CLIP_SKIP),
    VAE: _text(AUTOMATIC_VAE),
    VAE_GOES_FIRST: _flag(default=True),
    "sd_unet": _fixed("Automatic", "None"),
    "sd_lora": _fixed("None", ""),
    "sd_hypernetwork": _fixed("None", ""),
    "sd_vae_decode_method": _fixed("Full"),
    "sd_vae_encode_method": _fixed("Full"),
    "fp8_storage": _fixed("Disable"),
    # The prompt
    "emphasis": _one_of("Original", "No norm", "Ignore", "None"),
    "use_old_emphasis_implementation": _flag(),
    "comma_padding_backtrack": _whole(20, 0, 74),
    "enable_prompt_comments": _flag(default=True),
    "use_old_scheduling": _flag(),
    "sdxl_crop_top": _whole(0, 0, 1024),
    "sdxl_crop_left": _whole(0, 0, 1024),
    "sdxl_refiner_low_aesthetic_score": _number(2.5, 0, 10),
    "sdxl_refiner_high_aesthetic_score": _number(6.0, 0, 10),
    "pad_cond_uncond": _flag(),
    "pad_cond_uncond_v0": _flag(),
    # Sampling
    "k_sched_type": _schedule(),
    "eta_ancestral": _number(1.0, 0, 10),
    "eta_ddim": _number(0.0, 0, 10),
    "ddim_discretize": _one_of("uniform", "quad"),
    "s_churn": _number(0.0, 0, 1000),
    "s_tmin": _number(0.0),
    "s_tmax": _number(0.0),
    "s_noise": _number(1.0, 0, 1000),
    "sigma_min": _number(0.0),
    "sigma_max": _number(0.0),
    "rho": _number(0.0),
    "beta_dist_alpha": _number(0.6, 0.01, 100),
    "beta_dist_beta": _number(0.6, 0.01, 100),
    "eta_noise_seed_delta": _whole(0, -(2**62), 2**62),
    "always_discard_next_to_last_sigma": _flag(),
    "sgm_noise_multiplier": _flag(),
    "uni_pc_variant": _one_of("bh1", "bh2", "vary_coeff"),
    "uni_pc_skip_type": _one_of("time_uniform", "time_quadratic", "logSNR"),
    "uni_pc_order": _whole(3, 1, 50),
    "uni_pc_lower_order_final": _flag(default=True),
    "sd_noise_schedule": _one_of("Default", "Zero Terminal SNR"),
    "skip_early_cond": _number(0.0, 0, 1),
    "s_min_uncond": _number(0.0),
    "s_min_uncond_all": _flag(),
    "enable_quantization": _flag(),
    "use_old_karras_scheduler_sigmas": _flag(),
    "use_downcasted_alpha_bar": _flag(),
    "refiner_switch_by_sample_steps": _flag(),
    "randn_source": _one_of("GPU", "CPU", "NV"),
    "token_merging_ratio": _number(0.0, 0, 0.9),
    "token_merging_ratio_img2img": _number(0.0, 0, 0.9),
    "token_merging_ratio_hr": _number(0.0, 0, 0.9),
    "tiling": _flag(),
    # Pictures in
    "img2img_fix_steps": _flag(),
    "img2img_color_correction": _flag(),
    "img2img_background_color": _colour("#ffffff"),
    "img2img_extra_noise": _number(0.0, 0, 1),
    "initial_noise_multiplier": _number(1.0, 0, 1.5),
    "inpainting_mask_weight": _number(1.0, 0, 1),
    "overlay_inpaint": _flag(default=True),
    "return_mask": _flag(),
    "return_mask_composite": _flag(),
    "upscaler_for_img2img": _upscaler(),
    # Pictures out
    "samples_format": _one_of("png", "jpg", "jpeg", "webp", "avif"),
    "jpeg_quality": _whole(80, 1, 100),
    "webp_lossless": _flag(),
    "enable_pnginfo": _flag(default=True),
    "samples_save": _flag(default=True),
    "save_txt": _flag(),
    "grid_save": _flag(default=True),
    "grid_format": _one_of("png", "jpg", "jpeg", "webp", "avif"),
    "return_grid": _flag(default=True),
    "grid_only_if_multiple": _flag(default=True),
    "grid_prevent_empty_spots": _flag(),
    "grid_background_color": _colour("#ffffff"),
    "n_rows": _whole(-1, -1, 1000),
    "img_max_size_mp": _number(200.0, 0, 10_000),
    "do_not_show_images": _fixed(False),
    "face_restoration": _fixed(False),
    "add_model_name_to_info": _flag(default=True),
    "add_model_hash_to_info": _flag(default=True),
    "add_vae_name_to_info": _flag(default=True),
    "add_vae_hash_to_info": _flag(default=True),
    "add_version_to_infotext": _flag(default=True),
    "disable_weights_auto_swap": _flag(default=True),
    "infotext_skip_pasting": _names(),
    # Without effect here
    "auto_vae_precision": _idle(True),
    "batch_cond_uncond": _idle(True),
    "cross_attention_optimization": _idle("Automatic"),
    "dont_fix_second_order_samplers_schedule": _idle(False),
    "enable_batch_seeds": _idle(True),
    "face_restoration_model": _idle("CodeFormer"),
    "live_previews_enable": _idle(True),
    "live_previews_image_format": _idle("png"),
    "live_preview_content": _idle("Prompt"),
    "no_dpmpp_sde_batch_determinism": _idle(False),
    "persistent_cond_cache": _idle(True),
    "sd_checkpoint_cache": _idle(0),
    "sd_checkpoint_hash": _idle(""),
    "sd_checkpoints_keep_in_cpu": _idle(True),
    "sd_checkpoints_limit": _idle(1),
    "sd_vae_checkpoint_cache": _idle(0),
    "show_progress_every_n_steps": _idle(10),
    "show_progress_grid": _idle(True),
    "show_progress_type": _idle("Approx NN"),
}
