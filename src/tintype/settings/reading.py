"""The settings of one process, from flags and environment; nothing else reads the environment.

| flag       | variable         | value                                                     |
|------------|------------------|-----------------------------------------------------------|
| `--host`   | `TINTYPE_HOST`   | name or address to listen on (127.0.0.1)                  |
| `--port`   | `TINTYPE_PORT`   | 0 to 65535 (7860)                                         |
| `--api-server-stop` | `TINTYPE_API_SERVER_STOP` | 1: calls may end the server (0)   |
|            | `TINTYPE_STARTED_AGAIN` | 1: whatever runs the server starts it again (0)   |
| `--vae-path` | `TINTYPE_VAE_PATH` | one autoencoder file for every checkpoint             |
| `--baked-index` | `TINTYPE_BAKED_INDEX` | index of `tintype bake`, for an empty data folder  |
| `--data`   | `TINTYPE_DATA`   | folder for everything that is written (./data)            |
| `--device` | `TINTYPE_DEVICE` | auto, cpu or cuda:N (auto)                                |
| `--exact`  | `TINTYPE_EXACT`  | 1: a picture has the same bits in any company (0)         |
| `--medvram` | `TINTYPE_MEDVRAM` | 1: one network at a time on the device (what fits)       |
| `--lowvram` | `TINTYPE_LOWVRAM` | 1: and the U-Net's weights part by part (what fits)      |
| `--images-at-once` | `TINTYPE_IMAGES_AT_ONCE` | that a worker has under way (64)          |
| `--log-format` | `TINTYPE_LOG_FORMAT` | text or json (text)                               |
| `--log-level`  | `TINTYPE_LOG_LEVEL`  | debug, info, warning or error (info)              |
| `--no-hashing` | `TINTYPE_NO_HASHING` | 1: files are hashed only when they are used (0)   |
|            | `TINTYPE_WEBHOOK_SECRET` | `whsec_…`; else made and kept in the data folder  |
|            | `TINTYPE_PRIVATE_WEBHOOKS` | 1: webhooks may go to private addresses (0)     |

Where models are is told in `settings.model_folders`, in the same way; where they are fetched from,
in `settings.fetching`; whom the server believes, in `settings.trust`.

A flag wins over its variable; a value that is None or empty counts as not given.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tintype.core.settings import (
    EngineConfig,
    FetchConfig,
    JobsConfig,
    Limits,
    Lodging,
    LogConfig,
    ServerConfig,
    StoreConfig,
    TrustConfig,
    WebhookConfig,
)
from tintype.core.webhook_secret import read_secret
from tintype.errors import SetupError
from tintype.logs import FORMATS, LEVELS
from tintype.settings.fetching import read_fetching
from tintype.settings.given import Given, given, is_on, one_of
from tintype.settings.model_folders import (
    absolute,
    file,
    folder_lists,
    model_folders,
    model_roots,
    styles_files,
    wildcard_folders,
)
from tintype.settings.trust import read_trust

_DEVICE = re.compile(r"auto|cpu|cuda:\d+")
_HOST = re.compile(r"[A-Za-z0-9._:%-]+")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process is told, one value for each kind of room."""

    server: ServerConfig
    engine: EngineConfig
    store: StoreConfig
    limits: Limits
    jobs: JobsConfig = field(default_factory=JobsConfig)
    log: LogConfig = field(default_factory=LogConfig)
    trust: TrustConfig = field(default_factory=TrustConfig)
    webhooks: WebhookConfig = field(default_factory=WebhookConfig)
    fetch: FetchConfig = field(default_factory=FetchConfig)


def read_settings(flags: Mapping[str, object], environment: Mapping[str, str]) -> Settings:
    """The settings that flags and environment ask for, everything else at its default.

    Folders become absolute, for a worker may run elsewhere. Nothing is written.

    Args:
        flags: by name without the dashes in front ("host", "log-format"); `models` is one folder
            or a sequence of them.
        environment: the process's variables, as `os.environ`.

    Raises:
        SetupError: a value is of no use; names the flag or variable and what was expected.
    """

    def look(name: str) -> Given | None:
        return given(name, flags, environment)

    return Settings(
        server=ServerConfig(
            host=_host(look("host")),
            port=_port(look("port")),
            stops_by_call=is_on(look("api-server-stop")),
            is_started_again=is_on(given("started-again", {}, environment)),
        ),
        engine=EngineConfig(
            device=_device(look("device")),
            images_at_once=_count(look("images-at-once")),
            exact=is_on(look("exact")),
            lodging=_lodging(is_medium=is_on(look("medvram")), is_low=is_on(look("lowvram"))),
        ),
        store=StoreConfig(
            model_roots=model_roots(look("models")),
            data=_data(look("data")),
            vae_path=_file(look("vae-path"), "an autoencoder's"),
            folders=model_folders(look),
            folder_lists=folder_lists(look("extra-model-paths")),
            hashes=not is_on(look("no-hashing")),
            wildcard_folders=wildcard_folders(look("wildcards-dir")),
            styles_files=styles_files(look("styles-file")),
            baked_index=_file(look("baked-index"), "an index of tintype bake"),
        ),
        limits=Limits(),
        log=LogConfig(
            form=one_of(FORMATS, look("log-format"), "text"),
            level=one_of(LEVELS, look("log-level"), "info"),
        ),
        trust=read_trust(look),
        webhooks=WebhookConfig(
            secret=_webhook_secret(given("webhook-secret", {}, environment)),
            allows_private=is_on(given("private-webhooks", {}, environment)),
            is_offline=is_on(look("offline")),
        ),
        fetch=read_fetching(look, environment),
    )


def prepare_data_folder(data: Path) -> None:
    """Create the data folder where it is missing, and make sure that it can be written to.

    Raises:
        SetupError: it cannot; says which folder, why, and how to choose another.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=data):
            pass
    except OSError as error:
        raise SetupError(
            f"the data folder {data} cannot be written to ({error.strerror}); "
            "choose another with --data or TINTYPE_DATA"
        ) from error


def _host(said: Given | None) -> str:
    if said is None:
        return ServerConfig().host
    host = str(said.value).strip()
    if not _HOST.fullmatch(host) or not _has_good_labels(host):
        raise said.refuse("a host name or address such as 127.0.0.1 or 0.0.0.0")
    return host


def _has_good_labels(host: str) -> bool:
    """What Python's resolver asks of the parts between dots, where it would raise UnicodeError."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _port(said: Given | None) -> int:
    if said is None:
        return ServerConfig().port
    text = str(said.value).strip()
    if not re.fullmatch(r"[0-9]{1,5}", text) or int(text) > 65535:
        raise said.refuse("a port: a whole number from 0 to 65535, where 0 takes any free one")
    return int(text)


def _device(said: Given | None) -> str:
    if said is None:
        return EngineConfig().device
    device = str(said.value).strip().lower()
    if not _DEVICE.fullmatch(device):
        raise said.refuse("a device: auto, cpu or cuda:N (cuda:0 is the first GPU)")
    return device


def _lodging(*, is_medium: bool, is_low: bool) -> Lodging | None:
    """The lower wins, as it needs less."""
    if is_low:
        return "streamed"
    return "parts" if is_medium else None


def _count(said: Given | None) -> int:
    if said is None:
        return EngineConfig().images_at_once
    text = str(said.value).strip()
    if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) == 0:
        raise said.refuse("a number of images from 1 to 9999")
    return int(text)


def _webhook_secret(said: Given | None) -> bytes | None:
    if said is None:
        return None
    try:
        return read_secret(str(said.value).strip())
    except ValueError as error:  # says nothing of the value, for it is a secret
        raise SetupError(
            f"{said.source}: expected whsec_ and 24 to 64 bytes as base64; {error}"
        ) from None


def _data(said: Given | None) -> Path:
    return absolute("data" if said is None else said.value)


def _file(said: Given | None, expected: str) -> Path | None:
    if said is None:
        return None
    return file(said.value, said, expected)
