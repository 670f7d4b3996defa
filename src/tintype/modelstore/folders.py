"""Walking through model folders as A1111 lays them out."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tintype.core.models import ModelRecord
from tintype.modelstore.facts import FileState

_EXTENSIONS = (".ckpt", ".safetensors")
_VAE_EXTENSIONS = (".vae.ckpt", ".vae.safetensors")


def checkpoint_folder(root: Path) -> Path | None:
    """The folder of a model root that holds its checkpoints, or None if there is none.

    A root is a folder with `models/Stable-diffusion` in it, that `models` folder itself, or any
    folder with a checkpoint directly in it.
    """
    for folder in (root / "models" / "Stable-diffusion", root / "Stable-diffusion"):
        if os.path.isdir(folder):  # false too where the system will not say
            return folder
    return root if any(_is_checkpoint(entry) for entry in _entries(root)) else None


def checkpoints_in(folder: Path) -> Iterator[ModelRecord]:
    """Every checkpoint below a folder, without opening one.

    The files of a folder come before those of its subfolders, both in natural order. A folder
    reached twice through symbolic links is read once; what cannot be read is left out.
    """
    for entries in _folders_below(folder, set()):
        names = {entry.name for entry in entries}
        for entry in entries:
            if _is_checkpoint(entry) and (record := _record(folder, entry, names)):
                yield record


def files_below(folder: Path, extensions: tuple[str, ...]) -> Iterator[FileState]:
    """Every file below a folder with one of these extensions (lower case), without opening one.

    In the order of `checkpoints_in`.
    """
    for entries in _folders_below(folder, set()):
        for entry in entries:
            if entry.name.lower().endswith(extensions) and (state := _state(entry)):
                yield state


def _folders_below(folder: Path, seen: set[tuple[int, int]]) -> Iterator[list[os.DirEntry[str]]]:
    """The entries of a folder and then of each folder below it, both in natural order."""
    try:
        status = folder.stat()
    except OSError:
        return
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return
    seen.add(identity)
    entries = _entries(folder)
    yield entries
    for entry in entries:
        if _is_folder(entry):
            yield from _folders_below(Path(entry.path), seen)


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            readable = [entry for entry in found if _is_text(entry.name)]
    except OSError:
        return []
    return sorted(readable, key=lambda entry: _natural(entry.name))


def _is_text(name: str) -> bool:
    """False for bytes that are no UTF-8: no client could be told such a name."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def _natural(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    """Sort key in which "v2" comes before "v10", digits before letters, and case matters last."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(False, int(p), "") if p[0] in "0123456789" else (True, 0, p) for p in parts], name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_checkpoint(entry: os.DirEntry[str]) -> bool:
    name = entry.name.lower()
    if not name.endswith(_EXTENSIONS) or name.endswith(_VAE_EXTENSIONS):
        return False
    try:
        return entry.is_file()
    except OSError:
        return False


def _state(entry: os.DirEntry[str]) -> FileState | None:
    try:
        if not entry.is_file():
            return None
        status = entry.stat()
    except OSError:
        return None
    return FileState(Path(entry.path), status.st_size, status.st_mtime_ns)


def _record(folder: Path, entry: os.DirEntry[str], names: set[str]) -> ModelRecord | None:
    try:
        status = entry.stat()
    except OSError:
        return None
    path = Path(entry.path)
    config = path.with_suffix(".yaml")
    return ModelRecord(
        name=path.relative_to(folder).as_posix(),
        path=path,
        bytes=status.st_size,
        modified=status.st_mtime_ns,
        config_path=config if config.name in names else None,
    )
