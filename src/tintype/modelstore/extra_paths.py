"""ComfyUI's `extra_model_paths.yaml`: folders of other programs, by kind.

Each section has an optional `base_path`, and for each kind one folder or several, a line each.
A section with `is_default: true` goes before everything else. Relative folders are below
`base_path`, and that below the folder of the file.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tintype.core.models import ModelKind
from tintype.errors import SetupError

LISTS = "extra_model_paths.yaml"
_LOG = logging.getLogger(__name__)
_MOST_BYTES = 1 << 20
_KINDS: Mapping[str, ModelKind] = {
    "checkpoints": "checkpoint",
    "diffusers": "diffusers",
    "vae": "vae",
    "loras": "lora",
    "embeddings": "embedding",
    "controlnet": "controlnet",
    "upscale_models": "upscaler",
    "vae_approx": "vae_approx",
    "hypernetworks": "hypernetwork",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One program's folders.

    Attributes:
        folders: by kind, in their order.
        is_default: they are asked first.
    """

    folders: Mapping[ModelKind, tuple[Path, ...]]
    is_default: bool = False


def read_sections(asked_for: Sequence[Path], found: Sequence[Path]) -> list[Section]:
    """The sections of some files. One that was only found says nothing where it cannot be read.

    Raises:
        SetupError: a file that was asked for cannot be read; says why.
    """
    sections = [section for path in asked_for for section in _read(path)]
    for path in found:
        try:
            sections += _read(path)
        except SetupError as error:
            _LOG.warning("%s", error)
    return sections


def _read(path: Path) -> list[Section]:
    sections = _parsed(path)
    if not isinstance(sections, dict):
        raise SetupError(f"{path}: expected sections such as comfyui: with folders in them")
    values = cast("dict[object, object]", sections).values()
    return [_section(cast("dict[str, object]", v), path) for v in values if isinstance(v, dict)]


def _parsed(path: Path) -> object:
    import yaml  # takes a while, and few have such a file

    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        if len(text) > _MOST_BYTES:
            raise SetupError(
                f"{path}: {len(text)} bytes and more is too long for a list of folders"
            )
        return yaml.safe_load(text) or {}
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise SetupError(f"{path} is no YAML: {reason}") from error


def _section(values: Mapping[str, object], path: Path) -> Section:
    base = path.parent / _expanded(str(values.get("base_path") or "."))
    folders: dict[ModelKind, tuple[Path, ...]] = {
        kind: tuple(base / line for line in _lines(values.get(key))) for key, kind in _KINDS.items()
    }
    return Section(folders, is_default=values.get("is_default") is True)


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from (_expanded(line.strip()) for line in value.splitlines() if line.strip())


def _expanded(folder: str) -> str:
    """What no path can hold becomes question marks: there is no such folder."""
    sayable = folder.encode(errors="replace").decode().replace("\0", "?")
    return os.path.expandvars(os.path.expanduser(sayable))
