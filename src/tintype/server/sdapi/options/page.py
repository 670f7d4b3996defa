"""A1111's other options: of its page, previews, training, speed and memory.

They have no effect here, but clients read some of them and send all of them back, so they are kept
and shown as A1111 declares them.
"""

from tintype.server.sdapi.options.kinds import Option, idle, told

_ON = """
api_enable_requests api_forbid_local_requests auto_backcompat auto_vae_precision batch_cond_uncond
canvas_auto_expand canvas_show_tooltip deepbooru_escape deepbooru_sort_alpha deepbooru_use_spaces
dimensions_and_batch_together enable_batch_seeds enable_upscale_progressbar
extra_networks_card_show_desc extra_networks_show_hidden_directories gradio_themes_cache
hide_ldm_prints include_styles_into_token_counters interrupt_after_current js_modal_lightbox
js_modal_lightbox_initially_zoomed keyedit_move list_hidden_files live_previews_enable
lora_add_hashes_to_infotext multiple_tqdm notification_audio persistent_cond_cache
samplers_in_dropdown save_selected_only save_training_settings_to_txt sd_checkpoints_keep_in_cpu
send_seed send_size show_gradio_deprecation_warnings show_progress_grid show_progress_in_title
show_progressbar textual_inversion_add_hashes_to_infotext use_original_name_batch
"""
_OFF = """
add_user_name_to_info auto_vae_precision_bfloat16 cache_fp16_weight canvas_blur_prompt
clean_temp_dir_at_start compact_prompt_box disable_mmap_load_safetensors disable_token_counters
dont_fix_second_order_samplers_schedule dump_stacks_on_signal enable_console_prompts
extra_networks_card_description_is_html extra_networks_dir_button_function
extra_networks_tree_view_default_enabled extra_options_accordion face_restoration_unload
hires_fix_show_prompts hires_fix_show_sampler hires_fix_use_firstpass_conds
img2img_settings_accordion interrogate_keep_models_in_memory interrogate_return_ranks
js_live_preview_in_modal_lightbox js_modal_lightbox_gamepad live_preview_allow_lowvram_full
live_preview_fast_interrupt lora_functional lora_not_found_gradio_warning
lora_not_found_warning_console lora_show_all no_dpmpp_sde_batch_determinism pin_memory
print_hypernet_extra samples_log_stdout save_images_before_color_correction
save_images_before_highres_fix save_optimizer_state
sd3_enable_t5 sd_checkpoint_dropdown_use_short sdxl_clip_l_skip show_warnings
textual_inversion_print_at_load training_enable_tensorboard training_tensorboard_save_images
training_xattention_optimizations txt2img_settings_accordion unload_models_when_training upcast_attn
use_old_hires_fix_width_height use_save_to_dirs_for_ui use_upscaler_name_as_suffix
"""
_NUMBERS: dict[str, float] = {
    "extra_networks_card_height": 0,
    "extra_networks_card_text_scale": 1,
    "extra_networks_card_width": 0,
    "extra_networks_default_multiplier": 1,
    "extra_networks_tree_view_default_width": 180,
    "extra_options_cols": 1,
    "img2img_batch_show_results_limit": 32,
    "img2img_editor_height": 720,
    "interrogate_clip_dict_limit": 1500,
    "interrogate_deepbooru_score_threshold": 0.5,
    "js_modal_lightbox_gamepad_repeat": 250,
    "keyedit_precision_attention": 0.1,
    "keyedit_precision_extra": 0.05,
    "live_preview_refresh_period": 1000,
    "lora_in_memory_limit": 0,
    "memmon_poll_rate": 8,
    "notification_volume": 100,
    "sd_checkpoint_cache": 0,
    "sd_checkpoints_limit": 1,
    "sd_vae_checkpoint_cache": 0,
    "sd_webui_modal_lightbox_icon_opacity": 1,
    "sd_webui_modal_lightbox_toolbar_opacity": 0.9,
    "show_progress_every_n_steps": 10,
    "training_image_repeats_per_epoch": 1,
    "training_tensorboard_flush_every": 120,
    "training_write_csv_every": 500,
    "upscaling_max_images_in_cache": 5,
}
_TEXTS = {
    "api_useragent": "",
    "auto_launch_browser": "Local",
    "canvas_hotkey_adjust": "Ctrl",
    "canvas_hotkey_fullscreen": "S",
    "canvas_hotkey_grow_brush": "W",
    "canvas_hotkey_move": "F",
    "canvas_hotkey_overlap": "O",
    "canvas_hotkey_reset": "R",
    "canvas_hotkey_shrink_brush": "Q",
    "canvas_hotkey_zoom": "Alt",
    "cross_attention_optimization": "Automatic",
    "dataset_filename_join_string": " ",
    "dataset_filename_word_regex": "",
    "deepbooru_filter_tags": "",
    "disable_all_extensions": "none",
    "extra_networks_add_text_separator": " ",
    "extra_networks_card_order": "Ascending",
    "extra_networks_card_order_field": "Path",
    "extra_networks_hidden_models": "When searched",
    "font": "",
    "gallery_height": "",
    "gradio_theme": "Default",
    "grid_text_active_color": "#000000",
    "grid_text_inactive_color": "#999999",
    "grid_zip_filename_pattern": "",
    "hires_fix_refiner_pass": "second pass",
    "img2img_inpaint_mask_brush_color": "#ffffff",
    "img2img_inpaint_sketch_default_brush_color": "#ffffff",
    "img2img_sketch_default_brush_color": "#ffffff",
    "infotext_styles": "Apply if any",
    "keyedit_delimiters": ".,\\/!?%^*;:{}=`~() ",
    "live_preview_content": "Prompt",
    "live_previews_image_format": "png",
    "localization": "None",
    "lora_preferred_name": "Alias from file",
    "open_dir_button_choice": "Subdirectory",
    "outdir_extras_samples": "outputs/extras-images",
    "outdir_save": "log/images",
    "postprocessing_existing_caption_action": "Ignore",
    "restore_config_state_file": "",
    "show_progress_type": "Approx NN",
    "temp_dir": "",
    "ui_extra_networks_tab_reorder": "",
}
_LISTS: dict[str, list[str]] = {
    "canvas_disabled_functions": ["Overlap"],
    "dat_enabled_models": ["DAT x2", "DAT x3", "DAT x4"],
    "disabled_extensions": [],
    "extra_options_img2img": [],
    "extra_options_txt2img": [],
    "hidden_tabs": [],
    "hide_samplers": [],
    "interrogate_clip_skip_categories": [],
    "keyedit_delimiters_whitespace": ["Tab", "Carriage Return", "Line Feed"],
    "lora_hide_unknown_for_versions": [],
    "postprocessing_enable_in_main_ui": [],
    "postprocessing_operation_order": [],
    "quicksettings_list": ["sd_model_checkpoint"],
    "realesrgan_enabled_models": ["R-ESRGAN 4x+", "R-ESRGAN 4x+ Anime6B"],
    "ui_reorder_list": [],
    "ui_tab_order": [],
}
_TOLD: dict[str, object] = {
    "infotext_explanation": "Infotext tells how a picture was made; it lies in the file.",
    "profiling_explanation": "Where time goes is told by the header Server-Timing and /metrics.",
    "sd_checkpoint_hash": "",
    "sd_vae_explanation": "The autoencoder turns pictures into latents, and latents into pictures.",
    "settings_in_ui": "",
}
RESTRICTED = frozenset({"api_enable_requests", "api_forbid_local_requests", "api_useragent"})
"""Options that calls cannot change: what is sent for them is passed over, as A1111 does."""

_DEFAULTS: dict[str, object] = {
    **dict.fromkeys(_ON.split(), True),
    **dict.fromkeys(_OFF.split(), False),
    **_NUMBERS,
    **_TEXTS,
    **_LISTS,
}
PAGE_OPTIONS: dict[str, Option] = {
    **{name: idle(default) for name, default in _DEFAULTS.items() if name not in RESTRICTED},
    **{name: told(default) for name, default in _DEFAULTS.items() if name in RESTRICTED},
    **{name: told(value) for name, value in _TOLD.items()},
}
