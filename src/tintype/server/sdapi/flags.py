"""A1111's command line as `cmd-flags` shows it: ours where a flag means something here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tintype.core.addresses import is_loopback
from tintype.core.models import ModelKind
from tintype.core.settings import EngineConfig, ServerConfig, StoreConfig, TrustConfig

_OFF = [
    "f",
    "update_all_extensions",
    "skip_python_version_check",
    "skip_torch_cuda_test",
    "reinstall_xformers",
    "reinstall_torch",
    "update_check",
    "test_server",
    "log_startup",
    "skip_prepare_environment",
    "skip_install",
    "dump_sysinfo",
    "do_not_download_clip",
    "no_progressbar_hiding",
    "allow_code",
    "medvram_sdxl",
    "lowram",
    "always_batch_cond_uncond",
    "unload_gfpgan",
    "upcast_sampling",
    "share",
    "enable_insecure_extension_access",
    "xformers",
    "force_enable_xformers",
    "xformers_flash_attention",
    "deepdanbooru",
    "opt_split_attention",
    "opt_sub_quad_attention",
    "opt_split_attention_invokeai",
    "opt_split_attention_v1",
    "opt_sdp_attention",
    "opt_sdp_no_mem_attention",
    "disable_opt_split_attention",
    "disable_nan_check",
    "use_ipex",
    "disable_model_loading_ram_optimization",
    "show_negative_prompt",
    "hide_ui_dir_config",
    "freeze_settings",
    "gradio_debug",
    "opt_channelslast",
    "autolaunch",
    "use_textbox_seed",
    "disable_console_progressbars",
    "enable_console_prompts",
    "disable_safe_unpickle",
    "api_log",
    "ui_debug_mode",
    "administrator",
    "no_gradio_queue",
    "skip_version_check",
    "no_download_sd_model",
    "add_stop_route",
    "disable_all_extensions",
    "disable_extra_extensions",
    "skip_load_model_at_start",
    "unix_filenames_sanitization",
]
_UNSET = [
    "loglevel",
    "gfpgan_model",
    "ngrok",
    "sub_quad_kv_chunk_size",
    "sub_quad_chunk_threshold",
    "freeze_settings_in_sections",
    "freeze_specific_settings",
    "gradio_auth",
    "gradio_auth_path",
    "gradio_img2img_tool",
    "gradio_inpaint_tool",
    "theme",
    "api_auth",
    "device_id",
    "tls_keyfile",
    "tls_certfile",
    "disable_tls_verify",
    "subpath",
    "clip_models_path",
    "ckpt",
]
_DEFAULTS: Mapping[str, Any] = {
    "max_batch_count": 16,
    "precision": "autocast",
    "ngrok_region": "",
    "ngrok_options": {},
    "sub_quad_q_chunk_size": 1024,
    "use_cpu": [],
    "gradio_queue": True,
    "timeout_keep_alive": 30,
    "filenames_max_length": 128,
}
_FOLDERS: Mapping[str, tuple[ModelKind, str]] = {
    "embeddings_dir": ("embedding", "embeddings"),
    "hypernetwork_dir": ("hypernetwork", "hypernetworks"),
    "lora_dir": ("lora", "Lora"),
    "esrgan_models_path": ("upscaler", "ESRGAN"),
}
_BESIDE_MODELS: Mapping[str, str] = {
    "gfpgan_dir": "GFPGAN",
    "gfpgan_models_path": "GFPGAN",
    "codeformer_models_path": "Codeformer",
    "bsrgan_models_path": "BSRGAN",
    "realesrgan_models_path": "RealESRGAN",
    "dat_models_path": "DAT",
    "ldsr_models_path": "LDSR",
    "lyco_dir_backcompat": "LyCORIS",
    "scunet_models_path": "ScuNET",
    "swinir_models_path": "SwinIR",
}
_IN_DATA: Mapping[str, str] = {
    "textual_inversion_templates_dir": "textual_inversion_templates",
    "localizations_dir": "localizations",
    "ui_config_file": "ui-config.json",
    "ui_settings_file": "config.json",
    "config": "configs/v1-inference.yaml",
}


def flags_of(
    server: ServerConfig, engine: EngineConfig, store: StoreConfig, trust: TrustConfig
) -> dict[str, Any]:
    """Every flag A1111 shows, dashes as underscores. Passwords are never among them."""
    shown: dict[str, Any] = {
        **dict.fromkeys(_OFF, False),
        **dict.fromkeys(_UNSET),
        **_DEFAULTS,
        **_folders(store),
    }
    return shown | {
        "api": True,
        "nowebui": True,
        "listen": not is_loopback(server.host),
        "server_name": server.host,
        "port": str(server.port),
        "api_server_stop": server.stops_by_call,
        "medvram": engine.lodging == "parts",
        "lowvram": engine.lodging == "streamed",
        "no_half": engine.device == "cpu",
        "no_half_vae": engine.device == "cpu",
        "no_hashing": not store.hashes,
        "cors_allow_origins": ",".join(trust.cors_origins) or None,
        "cors_allow_origins_regex": trust.cors_pattern,
    }


def _folders(store: StoreConfig) -> dict[str, Any]:
    root, data = store.model_roots[0], store.data
    return {
        "data_dir": str(data),
        "gradio_allowed_path": [str(data)],
        "styles_file": [str(data / "styles.csv")],
        "ckpt_dir": _given(store, "checkpoint"),
        "vae_dir": _given(store, "vae"),
        "vae_path": None if store.vae_path is None else str(store.vae_path),
        **{
            name: _given(store, kind) or str(root / folder)
            for name, (kind, folder) in _FOLDERS.items()
        },
        **{name: str(root / folder) for name, folder in _BESIDE_MODELS.items()},
        **{name: str(data / path) for name, path in _IN_DATA.items()},
    }


def _given(store: StoreConfig, kind: ModelKind) -> str | None:
    folders: list[Path] = [folder for named, folder in store.folders if named == kind]
    return str(folders[0]) if folders else None
