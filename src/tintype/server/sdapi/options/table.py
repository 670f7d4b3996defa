"""A1111's options that mean something here: what each may be, and what it is at first."""

from tintype.core.captioners import LONGEST_CAPTION, MOST_BEAMS, SHORTEST_CAPTION
from tintype.core.faces import FACE_RESTORERS
from tintype.core.requests import AUTOMATIC_VAE
from tintype.server.sdapi.options.kinds import (
    Option,
    colour,
    fixed,
    flag,
    folder,
    names,
    number,
    one_of,
    pattern,
    schedule,
    text,
    tile,
    upscaler,
    whole,
)
from tintype.server.sdapi.options.page import PAGE_OPTIONS

CHECKPOINT, CLIP_SKIP = "sd_model_checkpoint", "CLIP_stop_at_last_layers"
VAE, VAE_GOES_FIRST = "sd_vae", "sd_vae_overrides_per_model_preferences"
UPSCALER = "upscaler_for_img2img"
WILDCARDS = "wildcards"
"""Whether prompts are templates; A1111 has an extension for that, and no such option."""

READ_EARLY = frozenset({"initial_noise_multiplier"})
"""Options that have no effect in `override_settings`, but only as the server's own."""

READ_LATE = ("samples_format", "jpeg_quality", "webp_lossless", "png_level")
"""Options that decide about the answer as the server's own alone, and about kept files as usual."""

_MOST_CLIP_SKIP = 12  # as A1111's slider ends
_FORMATS = ("png", "jpg", "jpeg", "webp", "avif")

HEARD_OPTIONS: dict[str, Option] = {
    # The model
    CHECKPOINT: text(None),
    CLIP_SKIP: whole(1, 1, _MOST_CLIP_SKIP),
    VAE: text(AUTOMATIC_VAE),
    VAE_GOES_FIRST: flag(default=True),
    "sd_unet": fixed("Automatic", "None"),
    "sd_lora": fixed("None", ""),
    "sd_hypernetwork": fixed("None", ""),
    "sd_vae_decode_method": fixed("Full"),
    "sd_vae_encode_method": fixed("Full"),
    "fp8_storage": fixed("Disable"),
    # The prompt
    "emphasis": one_of("Original", "No norm", "Ignore", "None"),
    "use_old_emphasis_implementation": flag(),
    "comma_padding_backtrack": whole(20, 0, 74),
    "enable_prompt_comments": flag(default=True),
    WILDCARDS: one_of("known", "on", "off"),
    "use_old_scheduling": flag(),
    "sdxl_crop_top": whole(0, 0, 1024),
    "sdxl_crop_left": whole(0, 0, 1024),
    "sdxl_refiner_low_aesthetic_score": number(2.5, 0, 10),
    "sdxl_refiner_high_aesthetic_score": number(6.0, 0, 10),
    "pad_cond_uncond": flag(),
    "pad_cond_uncond_v0": flag(),
    # Sampling
    "k_sched_type": schedule(),
    "eta_ancestral": number(1.0, 0, 10),
    "eta_ddim": number(0.0, 0, 10),
    "ddim_discretize": one_of("uniform", "quad"),
    "s_churn": number(0.0, 0, 1000),
    "s_tmin": number(0.0),
    "s_tmax": number(0.0),
    "s_noise": number(1.0, 0, 1000),
    "sigma_min": number(0.0),
    "sigma_max": number(0.0),
    "rho": number(0.0),
    "beta_dist_alpha": number(0.6, 0.01, 100),
    "beta_dist_beta": number(0.6, 0.01, 100),
    "eta_noise_seed_delta": whole(0, -(2**62), 2**62),
    "always_discard_next_to_last_sigma": flag(),
    "sgm_noise_multiplier": flag(),
    "uni_pc_variant": one_of("bh1", "bh2", "vary_coeff"),
    "uni_pc_skip_type": one_of("time_uniform", "time_quadratic", "logSNR"),
    "uni_pc_order": whole(3, 1, 50),
    "uni_pc_lower_order_final": flag(default=True),
    "sd_noise_schedule": one_of("Default", "Zero Terminal SNR"),
    "skip_early_cond": number(0.0, 0, 1),
    "s_min_uncond": number(0.0),
    "s_min_uncond_all": flag(),
    "enable_quantization": flag(),
    "use_old_karras_scheduler_sigmas": flag(),
    "use_downcasted_alpha_bar": flag(),
    "refiner_switch_by_sample_steps": flag(),
    "randn_source": one_of("GPU", "CPU", "NV"),
    "token_merging_ratio": number(0.0, 0, 0.9),
    "token_merging_ratio_img2img": number(0.0, 0, 0.9),
    "token_merging_ratio_hr": number(0.0, 0, 0.9),
    "tiling": flag(),
    # Pictures in
    "img2img_fix_steps": flag(),
    "img2img_color_correction": flag(),
    "img2img_background_color": colour("#ffffff"),
    "img2img_extra_noise": number(0.0, 0, 1),
    "initial_noise_multiplier": number(1.0, 0, 1.5),
    "inpainting_mask_weight": number(1.0, 0, 1),
    "overlay_inpaint": flag(default=True),
    "return_mask": flag(),
    "return_mask_composite": flag(),
    UPSCALER: upscaler(),
    "ESRGAN_tile": tile(192),
    "ESRGAN_tile_overlap": whole(8, 0, 512),
    "DAT_tile": tile(192),
    "DAT_tile_overlap": whole(8, 0, 512),
    # Pictures out
    "samples_format": one_of(*_FORMATS),
    "jpeg_quality": whole(80, 1, 100),
    "webp_lossless": flag(),
    "png_level": whole(1, 0, 9),
    "enable_pnginfo": flag(default=True),
    "return_grid": flag(default=True),
    "grid_only_if_multiple": flag(default=True),
    "grid_prevent_empty_spots": flag(),
    "grid_background_color": colour("#ffffff"),
    "n_rows": whole(-1, -1, 1000),
    "img_max_size_mp": number(200.0, 0, 10_000),
    "do_not_show_images": fixed(False),
    "face_restoration": flag(),
    "face_restoration_model": one_of(*FACE_RESTORERS),
    "code_former_weight": number(0.5, 0, 1),
    # Infotext
    "add_model_name_to_info": flag(default=True),
    "add_model_hash_to_info": flag(default=True),
    "add_vae_name_to_info": flag(default=True),
    "add_vae_hash_to_info": flag(default=True),
    "add_version_to_infotext": flag(default=True),
    # Captions; the beginning they share counts
    "interrogate_clip_num_beams": whole(1, 1, MOST_BEAMS),
    "interrogate_clip_min_length": whole(24, 1, LONGEST_CAPTION),
    "interrogate_clip_max_length": whole(48, SHORTEST_CAPTION, LONGEST_CAPTION),
    # Infotext that is pasted
    "disable_weights_auto_swap": flag(default=True),
    "infotext_skip_pasting": names(),
    # Pictures that are kept
    "samples_save": flag(default=True),
    "samples_filename_pattern": pattern(),
    "save_images_add_number": flag(default=True),
    "save_images_replace_action": one_of("Replace", "Add number suffix"),
    "save_to_dirs": flag(default=True),
    "directories_filename_pattern": pattern("[date]"),
    "directories_max_prompt_words": whole(8, 1, 100),
    "grid_save": flag(default=True),
    "grid_format": one_of(*_FORMATS),
    "grid_extended_filename": flag(),
    "grid_save_to_dirs": flag(default=True),
    "export_for_4chan": flag(default=True),
    "img_downscale_threshold": number(4.0, 0, 10_000),
    "target_side_length": number(4000.0, 64, 100_000),
    "save_txt": flag(),
    "save_init_img": flag(),
    "save_mask": flag(),
    "save_mask_composite": flag(),
    "save_images_before_face_restoration": flag(),
    "save_incomplete_images": flag(),
    "outdir_samples": folder(""),
    "outdir_txt2img_samples": folder("outputs/txt2img-images"),
    "outdir_img2img_samples": folder("outputs/img2img-images"),
    "outdir_grids": folder(""),
    "outdir_txt2img_grids": folder("outputs/txt2img-grids"),
    "outdir_img2img_grids": folder("outputs/img2img-grids"),
    "outdir_init_images": folder("outputs/init-images"),
}

OPTIONS: dict[str, Option] = HEARD_OPTIONS | PAGE_OPTIONS
"""All there are by name: these, and what A1111 has besides."""
