"""What each room is told at the start; only `tintype.settings` decides these values."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tintype.core.models import ModelKind

Lodging = Literal["resident", "parts", "streamed"]
"""Which weights stay on the device: all; those of one network at a time; or of the U-Net's stages,
too, only one at a time."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where the front door listens.

    Attributes:
        host: name or address to bind to; the default is reached from this machine alone.
        port: TCP port, 0 for any free one.
        stops_by_call: a call over HTTP may end the server, as A1111's `--api-server-stop` has it.
        is_started_again: somebody starts the server again whenever it ends.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    stops_by_call: bool = False
    is_started_again: bool = False


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """How a worker computes.

    Attributes:
        device: "auto", "cpu" or "cuda:N"; auto takes the first CUDA device, else the CPU.
        max_rows: latents in one forward pass at most, whatever passes are measured to be worth; a
            guided image fills two.
        images_at_once: images a worker has under way at most, to batch and to take turns; 1 makes
            it a server of one picture at a time.
        exact: a picture has the same bits whatever company its rows are in.
        lodging: which weights stay on the device, or None for what fits.
        threads: CPU threads of one worker, or None for torch's own choice.
    """

    device: str = "auto"
    max_rows: int = 128
    images_at_once: int = 64
    exact: bool = False
    lodging: Lodging | None = None
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class LogConfig:
    """How the processes write down what happens.

    Attributes:
        form: "text" or "json".
        level: "debug", "info", "warning" or "error", the least that is written.
    """

    form: str = "text"
    level: str = "info"


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """Where files are.

    Attributes:
        model_roots: absolute folders laid out as A1111 does, the first one asked first.
        data: absolute folder for what Tintype writes; it need not exist yet.
        vae_path: absolute path of the autoencoder for every checkpoint, or None for a choice.
        folders: further absolute folders by kind, asked before the roots.
        folder_lists: files that name further folders, as ComfyUI's `extra_model_paths.yaml` does.
        hashes: files are hashed in the background, not only when they are used.
        baked_index: an index made beforehand, for a data folder that has none yet; or None.
        wildcard_folders: further absolute folders of wildcards, asked first.
        styles_files: absolute paths of files of styles, or patterns of such paths with `*`; empty
            for the `styles.csv` beside the models.
    """

    model_roots: tuple[Path, ...]
    data: Path
    vae_path: Path | None = None
    folders: tuple[tuple[ModelKind, Path], ...] = ()
    folder_lists: tuple[Path, ...] = ()
    hashes: bool = True
    baked_index: Path | None = None
    wildcard_folders: tuple[Path, ...] = ()
    styles_files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a single request may ask for; all bounds are inclusive.

    Attributes:
        min_side: shortest width or height, in pixels.
        max_side: longest width or height, in pixels.
        max_pixels: width times height, of one image.
        max_steps: denoising steps; A1111's page ends at the same number.
        max_cfg_scale: classifier-free guidance scale; 0 is the smallest.
        max_images: images of one request.
        max_prompt_chars: characters of the prompt, and again of the negative prompt.
        max_request_bytes: what is remembered of it, as JSON and without its pictures.
        queue_length: jobs that may wait before further ones are sent away.
        queue_bytes: what all of them together may take on disk, pictures to begin with included.
    """

    min_side: int = 8
    max_side: int = 4096
    max_pixels: int = 2048 * 2048
    max_steps: int = 150
    max_cfg_scale: float = 100.0
    max_images: int = 64
    max_prompt_chars: int = 20_000
    max_request_bytes: int = 2 * 2**20
    queue_length: int = 10_000
    queue_bytes: int = 2 * 2**30


@dataclass(frozen=True, slots=True)
class JobsConfig:
    """How jobs are kept.

    Attributes:
        keep_days: how long jobs at rest are remembered, and their pictures.
        keep_jobs: how many of them at most.
        keep_bytes: what their plans and pictures may take on disk.
        drain_seconds: for finishing what runs, once asked to stop; the rest goes on after the
            next start.
        attempts: workers that may die under a job before it is given up.
        log_bytes: of the log of one image's answers; what comes after is not logged.
    """

    keep_days: float = 7.0
    keep_jobs: int = 1000
    keep_bytes: int = 10 * 2**30
    drain_seconds: float = 20.0
    attempts: int = 3
    log_bytes: int = 256 * 2**20


@dataclass(frozen=True, slots=True)
class TrustConfig:
    """Whom the front door believes, and what.

    Attributes:
        passwords: pairs of user and password, for basic auth.
        no_login: nobody is asked who they are, even off loopback.
        allowed_hosts: further names the server goes by; "*.example.org" for those under one, "*"
            for any.
        cors_origins: sites whose pages may ask, as browsers write them ("http://host:port"), or
            "*" for all.
        cors_pattern: a regular expression for further ones, or None.
        fetches_urls: pictures to begin with may be given as URLs.
        forwarded_by: addresses or networks of reverse proxies whose X-Forwarded-For and
            X-Forwarded-Proto are believed, or "*".
        connections_per_address: open at the same time.
        is_offline: no other machine is asked for anything, whatever else is allowed.
    """

    passwords: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    no_login: bool = False
    allowed_hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    cors_pattern: str | None = None
    fetches_urls: bool = False
    forwarded_by: tuple[str, ...] = ()
    connections_per_address: int = 512
    is_offline: bool = False


@dataclass(frozen=True, slots=True)
class WebhookConfig:
    """How those are told who asked to be told of a job's end.

    Attributes:
        secret: what letters are signed with, or None for the one kept in the data folder.
        allows_private: letters may go to private, loopback and link-local addresses.
        is_offline: no letter goes anywhere.
    """

    secret: bytes | None = field(default=None, repr=False)
    allows_private: bool = False
    is_offline: bool = False


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """Where models are fetched from, when somebody asks for one.

    Attributes:
        hub: address of Hugging Face or a mirror, without a slash at the end.
        civitai: the same of Civitai.
        hub_token: sent to `hub` and nowhere else.
        civitai_token: sent to `civitai` and nowhere else.
        is_offline: no other machine is asked for anything.
    """

    hub: str = "https://huggingface.co"
    civitai: str = "https://civitai.com"
    hub_token: str | None = field(default=None, repr=False)
    civitai_token: str | None = field(default=None, repr=False)
    is_offline: bool = False
