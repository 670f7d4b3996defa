"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Models = Annotated[
    list[Path] | None,
    typer.Option(help="Models folder laid out as A1111 does; may be repeated. [TINTYPE_MODELS]"),
]
Data = Annotated[
    Path | None, typer.Option(help="Folder for what Tintype writes. Default: ./data [TINTYPE_DATA]")
]
VaePath = Annotated[
    Path | None,
    typer.Option(help="One VAE file for every checkpoint, whatever asks. [TINTYPE_VAE_PATH]"),
]
Device = Annotated[
    str | None, typer.Option(help="auto, cpu or cuda:N. Default: auto [TINTYPE_DEVICE]")
]
Host = Annotated[
    str | None, typer.Option(help="Address to listen on. Default: 127.0.0.1 [TINTYPE_HOST]")
]
LogFormat = Annotated[
    str | None, typer.Option(help="text or json. Default: text [TINTYPE_LOG_FORMAT]")
]
LogLevel = Annotated[
    str | None,
    typer.Option(help="debug, info, warning or error. Default: info [TINTYPE_LOG_LEVEL]"),
]
Port = Annotated[str | None, typer.Option(help="Port to listen on. Default: 7860 [TINTYPE_PORT]")]
ServerStop = Annotated[
    bool | None,
    typer.Option("--api-server-stop", help="Calls may end the server. [TINTYPE_API_SERVER_STOP]"),
]

Auth = Annotated[
    str | None,
    typer.Option(
        "--auth", "--api-auth", help="user:password[,user2:password2]: a login. [TINTYPE_AUTH]"
    ),
]
AuthFile = Annotated[
    Path | None, typer.Option(help="File with a user:password a line. [TINTYPE_AUTH_FILE]")
]
NoAuth = Annotated[
    bool | None,
    typer.Option("--no-auth", help="Ask nobody who they are, on any address. [TINTYPE_NO_AUTH]"),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(help="A further name to answer under; may be repeated. [TINTYPE_ALLOW_HOST]"),
]
CorsOrigins = Annotated[
    str | None,
    typer.Option(help="Sites whose pages may ask, comma between. [TINTYPE_CORS_ALLOW_ORIGINS]"),
]
CorsPattern = Annotated[
    str | None,
    typer.Option(help="Pattern of further such sites. [TINTYPE_CORS_ALLOW_ORIGINS_REGEX]"),
]
UrlInits = Annotated[
    bool | None,
    typer.Option("--allow-url-inits", help="Fetch init images. [TINTYPE_ALLOW_URL_INITS]"),
]
Forwarded = Annotated[
    str | None,
    typer.Option(help="Proxies whose X-Forwarded-For counts. [TINTYPE_FORWARDED_ALLOW_IPS]"),
]

Exact = Annotated[
    bool | None, typer.Option("--exact", help="Equal bits in any company. [TINTYPE_EXACT]")
]
MedVram = Annotated[
    bool | None,
    typer.Option("--medvram", help="One network at a time on the device. [TINTYPE_MEDVRAM]"),
]
LowVram = Annotated[
    bool | None,
    typer.Option("--lowvram", help="And the U-Net's weights part by part. [TINTYPE_LOWVRAM]"),
]
AtOnce = Annotated[
    str | None, typer.Option(help="Images a worker has under way. [TINTYPE_IMAGES_AT_ONCE]")
]

Offline = Annotated[
    bool | None, typer.Option("--offline", help="Ask no other machine. [TINTYPE_OFFLINE]")
]

CkptDir = Annotated[
    list[Path] | None,
    typer.Option(help="A folder of checkpoints, asked first; may be repeated. [TINTYPE_CKPT_DIR]"),
]
VaeDir = Annotated[
    list[Path] | None, typer.Option(help="One of VAEs; may be repeated. [TINTYPE_VAE_DIR]")
]
LoraDir = Annotated[
    list[Path] | None, typer.Option(help="One of LoRAs; may be repeated. [TINTYPE_LORA_DIR]")
]
EmbeddingsDir = Annotated[
    list[Path] | None,
    typer.Option(help="One of textual inversions; may be repeated. [TINTYPE_EMBEDDINGS_DIR]"),
]
ControlnetDir = Annotated[
    list[Path] | None,
    typer.Option(help="One of ControlNets; may be repeated. [TINTYPE_CONTROLNET_DIR]"),
]
UpscalerDir = Annotated[
    list[Path] | None,
    typer.Option(
        "--esrgan-models-path",
        help="One of upscalers; may be repeated. [TINTYPE_ESRGAN_MODELS_PATH]",
    ),
]
HypernetworkDir = Annotated[
    list[Path] | None,
    typer.Option(help="One of hypernetworks; may be repeated. [TINTYPE_HYPERNETWORK_DIR]"),
]
ExtraModelPaths = Annotated[
    list[Path] | None,
    typer.Option(help="ComfyUI's extra_model_paths.yaml. [TINTYPE_EXTRA_MODEL_PATHS]"),
]
WildcardsDir = Annotated[
    list[Path] | None,
    typer.Option(help="A folder of wildcards; may be repeated. [TINTYPE_WILDCARDS_DIR]"),
]
StylesFile = Annotated[
    list[Path] | None,
    typer.Option(help="CSV of styles, or a pattern; may be repeated. [TINTYPE_STYLES_FILE]"),
]
NoHashing = Annotated[
    bool | None,
    typer.Option("--no-hashing", help="Hash no file before it is used. [TINTYPE_NO_HASHING]"),
]
BakedIndex = Annotated[
    Path | None,
    typer.Option(help="Index that tintype bake wrote, to begin with. [TINTYPE_BAKED_INDEX]"),
]
