"""What the flags of A1111, Forge and ComfyUI become."""

from collections.abc import Mapping

SAME: Mapping[str, str] = {
    "port": "--port",
    "server-name": "--host",
    "cors-allow-origins": "--cors-allow-origins",
    "cors-allow-origins-regex": "--cors-allow-origins-regex",
}
"""Flags with a value that is the same here."""

FOLDERS: Mapping[str, str] = {
    "data-dir": "--models",
    "models-dir": "--models",
    "forge-ref-a1111-home": "--models",
    "forge-ref-comfy-home": "--models",
    "base-directory": "--models",
    "ckpt-dir": "--ckpt-dir",
    "forge-ref-comfy-yaml": "--extra-model-paths",
    "extra-model-paths-config": "--extra-model-paths",
    "vae-dir": "--vae-dir",
    "vae-path": "--vae-path",
    "lora-dir": "--lora-dir",
    "lyco-dir": "--lora-dir",
    "lyco-dir-backcompat": "--lora-dir",
    "embeddings-dir": "--embeddings-dir",
    "hypernetwork-dir": "--hypernetwork-dir",
    "controlnet-dir": "--controlnet-dir",
    "esrgan-models-path": "--esrgan-models-path",
    "realesrgan-models-path": "--esrgan-models-path",
    "dat-models-path": "--esrgan-models-path",
    "swinir-models-path": "--esrgan-models-path",
    "styles-file": "--styles-file",
}
"""Flags with paths."""

SWITCHES: Mapping[str, list[str]] = {
    "medvram": ["--medvram"],
    "medvram-sdxl": ["--medvram"],
    "always-low-vram": ["--lowvram"],
    "always-no-vram": ["--lowvram"],
    "lowvram": ["--lowvram"],
    "novram": ["--lowvram"],
    "always-cpu": ["--device", "cpu"],
    "cpu": ["--device", "cpu"],
    "use-cpu": ["--device", "cpu"],
    "no-hashing": ["--no-hashing"],
    "api-server-stop": ["--api-server-stop"],
    "add-stop-route": ["--api-server-stop"],
    "enable-cors-header": ["--cors-allow-origins", "*"],
}

TAKES_NOTHING = frozenset({*SWITCHES, "api", "nowebui"} - {"use-cpu", "enable-cors-header"})

NEEDLESS: tuple[tuple[str, str], ...] = (
    (r"api|nowebui|api-log", "the API is always on, and every call is logged"),
    (
        r"xformers.*|force-enable-xformers|opt-.*|sub-quad-.*|disable-opt-.*|always-batch-cond-.*"
        r"|use-(pytorch|split|quad|sage|flash)-.*|attention-.*|cuda-(malloc|stream)|pin-shared-.*"
        r"|always-(high|normal|offload|gpu).*|(high|normal)vram|gpu-only|reserve-vram"
        r"|lowram|disable-model-loading-ram-optimization|upcast-sampling",
        "attention, batches and memory are measured and chosen here",
    ),
    (
        r"no-half.*|precision|disable-nan-check|all-in-fp.*|force-(upcast|fp).*|(unet|vae|clip)-in-.*"
        r"|fp(16|32)-.*|bf16-.*",
        "precision is chosen for the device and the model",
    ),
    (
        r"autolaunch|auto-launch|windows-standalone-build|theme|gradio-.*|no-gradio-queue|ui-.*"
        r"|hide-ui-.*|disable-auto-launch|disable-console-.*|enable-console-.*|no-progressbar-.*"
        r"|localizations-.*|administrator|listen-port|preview-.*|no-prompt-history",
        "it is about a page or a console that is not here",
    ),
    (
        r"skip-.*|reinstall-.*|update-.*|exit|do-not-download-.*|no-download-.*|test-server"
        r"|log-startup|dump-sysinfo|loglevel|f|timeout-keep-alive|unload-gfpgan",
        "there is nothing here it would change",
    ),
    (r"(disable-)?safe-unpickle|disable-safe-unpickle", "pickles are read without running them"),
)
"""Patterns of flags that are not needed, and why."""

UNSERVED: tuple[tuple[str, str], ...] = (
    (r"tls-.*|subpath|disable-tls-verify", "put a reverse proxy such as Caddy or nginx before it"),
    (r"share|ngrok.*", "there is no tunnel; a reverse proxy or a VPN does it"),
    (r"allow-code", "code from a prompt is never run"),
    (r"enable-insecure-extension-access|disable-.*-extensions", "there are no extensions"),
    (r"freeze-settings.*", "let only keys without the right to manage call: tintype keys add"),
    (r"(gfpgan|codeformer)-.*", "files for faces are found in models/GFPGAN and Codeformer"),
    (r"(bsrgan|ldsr|scunet|clip)-.*", "is not there yet"),
    (r"text-encoder-dir", "text encoders come with their checkpoints here"),
    (r"(output|input|temp|user)-directory", "pictures are kept in the data folder"),
)
"""Patterns of flags without a home here, and why."""
