"""Where models are: roots, further folders by kind, and lists of folders as ComfyUI has them.

| flag | variable | value |
|---|---|---|
| `--models` | `TINTYPE_MODELS` | model folders; in the variable joined as in PATH |
| `--ckpt-dir` | `TINTYPE_CKPT_DIR` | further folders of checkpoints, asked first |
| `--vae-dir` | `TINTYPE_VAE_DIR` | of VAEs |
| `--lora-dir` | `TINTYPE_LORA_DIR` | of LoRAs |
| `--embeddings-dir` | `TINTYPE_EMBEDDINGS_DIR` | of textual inversions |
| `--controlnet-dir` | `TINTYPE_CONTROLNET_DIR` | of ControlNets |
| `--esrgan-models-path` | `TINTYPE_ESRGAN_MODELS_PATH` | of upscalers |
| `--hypernetwork-dir` | `TINTYPE_HYPERNETWORK_DIR` | of hypernetworks |
| `--extra-model-paths` | `TINTYPE_EXTRA_MODEL_PATHS` | files such as `extra_model_paths.yaml` |
| `--wildcards-dir` | `TINTYPE_WILDCARDS_DIR` | of wildcards |
| `--styles-file` | `TINTYPE_STYLES_FILE` | CSV files of styles, or patterns of them |
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

from tintype.core.models import ModelKind
from tintype.errors import SetupError
from tintype.settings.given import Given, Look

DEMO_TREE = Path(__file__).parent.parent / "demo" / "tree"
"""The packaged model folder: the last root of every process."""

FOLDER_FLAGS: Mapping[str, ModelKind] = {
    "ckpt-dir": "checkpoint",
    "vae-dir": "vae",
    "lora-dir": "lora",
    "embeddings-dir": "embedding",
    "controlnet-dir": "controlnet",
    "esrgan-models-path": "upscaler",
    "hypernetwork-dir": "hypernetwork",
}
"""A1111's names, and what they are folders of."""


def model_roots(said: Given | None) -> tuple[Path, ...]:
    """The roots that were given, or `./models` if it is there; the demo model's last."""
    roots = _default_roots() if said is None else [_existing(p, said) for p in _several(said)]
    return tuple(dict.fromkeys([*roots, DEMO_TREE]))


def model_folders(look: Look) -> tuple[tuple[ModelKind, Path], ...]:
    """Further folders by kind. Raises `SetupError` for one that is not there."""
    return tuple(_model_folders(look))


def folder_lists(said: Given | None) -> tuple[Path, ...]:
    """Files that name further folders. Raises `SetupError` for one that is not there."""
    return () if said is None else tuple(file(path, said) for path in _several(said))


def wildcard_folders(said: Given | None) -> tuple[Path, ...]:
    """Folders of wildcards. Raises `SetupError` for one that is not there."""
    return () if said is None else tuple(_existing(path, said) for path in _several(said))


def styles_files(said: Given | None) -> tuple[Path, ...]:
    """Files of styles or patterns with `*`, which may come later as A1111's may."""
    return () if said is None else tuple(absolute(path) for path in _several(said))


def file(path: object, said: Given, expected: str = "a file") -> Path:
    """An absolute path of a file that is there; raises `SetupError`."""
    found = absolute(path)
    if not os.path.isfile(found):  # false too where the system will not say
        raise SetupError(f"{said.source}: there is no file {found}; expected {expected}")
    return found


def absolute(folder: object) -> Path:
    """A path, `~` resolved. Raises `SetupError` for one whose name no client could be told."""
    path = Path(os.path.expanduser(str(folder))).absolute()
    if any("\ud800" <= letter <= "\udfff" for letter in str(path)):
        raise SetupError(f"the folder {str(path)!r} has a name that is not UTF-8; expected one")
    return path


def _model_folders(look: Look) -> Iterator[tuple[ModelKind, Path]]:
    for flag, kind in FOLDER_FLAGS.items():
        if (said := look(flag)) is not None:
            for folder in _several(said):
                yield kind, _existing(folder, said)


def _default_roots() -> list[Path]:
    return [root for root in [absolute("models")] if os.path.isdir(root)]


def _several(said: Given) -> Sequence[object]:
    value = said.value
    if isinstance(value, str) and said.source.startswith("TINTYPE_"):
        return [part for part in value.split(os.pathsep) if part]
    if isinstance(value, list | tuple):
        return cast("Sequence[object]", value)
    return [value]


def _existing(folder: object, said: Given) -> Path:
    path = absolute(folder)
    if not os.path.isdir(path):  # false too where the system will not say
        raise SetupError(f"{said.source}: there is no folder {path}; expected a models folder")
    return path
