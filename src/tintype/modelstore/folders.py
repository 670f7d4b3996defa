"""Walking through model folders, looking at names, sizes and times alone."""

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tintype.core.models import ModelRecord
from tintype.modelstore.facts import FileState
from tintype.modelstore.pipelines import state_of
from tintype.modelstore.unfinished import Unfinished
from tintype.tensorfiles import MODEL_INDEX

_EXTENSIONS = (".ckpt", ".safetensors")
_VAE_EXTENSIONS = (".vae.ckpt", ".vae.safetensors")
_COARSE_NS = 10**8
_HALF_FETCHED = ".part"  # what a folder is called while it is being pulled
_NUMBERS = re.compile(r"([0-9]+)")


@dataclass(slots=True)
class Walk:
    """One look at the folders, and what it has met.

    Attributes:
        unfinished: tells files that are left out because they are being written; None takes all.
        folders: modification time of every folder that was looked for, None where there is none.
    """

    unfinished: Unfinished | None = None
    folders: dict[Path, int | None] = field(default_factory=dict[Path, "int | None"])


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder and what is directly in it, in natural order."""

    path: str
    entries: list[os.DirEntry[str]]

    @property
    def is_pipeline(self) -> bool:
        return any(entry.name == MODEL_INDEX for entry in self.entries)


def checkpoints_in(
    folder: Path, walk: Walk | None = None, *, takes_files: bool = True
) -> Iterator[ModelRecord]:
    """Every checkpoint below a folder, be it a file or a folder in the layout of diffusers.

    The files of a folder come before those of its subfolders, both in natural order. A folder
    reached twice through symbolic links is read once; what cannot be read is left out.

    Args:
        folder: where to look.
        walk: takes down what is met.
        takes_files: single files count too.
    """
    walk = walk or Walk()
    start = len(str(folder)) + 1
    for here in _folders_below(folder, walk, set()):
        if here.is_pipeline:
            yield from _pipeline(here, start)
        elif takes_files:
            names = {entry.name for entry in here.entries}
            for entry in here.entries:
                if _is_checkpoint(entry) and (file := _state(entry, walk)):
                    yield _record(file, entry.path[start:], names)


def files_below(
    folder: Path, extensions: tuple[str, ...], walk: Walk | None = None
) -> Iterator[FileState]:
    """Every file below a folder with one of these extensions (lower case).

    In the order of `checkpoints_in`; files of a diffusers folder are not looked at.
    """
    walk = walk or Walk()
    for here in _folders_below(folder, walk, set()):
        if not here.is_pipeline:
            for entry in here.entries:
                if entry.name.lower().endswith(extensions) and (file := _state(entry, walk)):
                    yield file


def has_checkpoints(folder: Path) -> bool:
    """Whether a checkpoint lies directly in a folder, or the folder is one."""
    entries = _entries(str(folder))
    return any(_is_checkpoint(entry) or entry.name == MODEL_INDEX for entry in entries)


def modified(folder: Path) -> int | None:
    """When a folder's entries last changed, in nanoseconds; None where there is none.

    A folder that has changed within the last tenth of a second has a time of its own at every
    look, for clocks of file systems are coarse, and it may change again under the same time.
    """
    try:
        return _settled(folder.stat().st_mtime_ns)
    except OSError:
        return None


def _settled(time_ns: int) -> int:
    now = time.time_ns()
    return -now if 0 <= now - time_ns < _COARSE_NS else time_ns


def _folders_below(folder: Path, walk: Walk, seen: set[tuple[int, int]]) -> Iterator[_Folder]:
    """A folder and then each folder below it, both in natural order; pipelines are not entered."""
    try:
        status = folder.stat()
    except OSError:
        walk.folders[folder] = None
        return
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return
    seen.add(identity)
    walk.folders[folder] = _settled(status.st_mtime_ns)
    here = _Folder(str(folder), _entries(str(folder)))
    yield here
    for entry in [] if here.is_pipeline else here.entries:
        if _is_folder(entry) and not entry.name.endswith(_HALF_FETCHED):
            yield from _folders_below(Path(entry.path), walk, seen)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            readable = [entry for entry in found if _is_text(entry.name)]
    except OSError:
        return []
    return sorted(readable, key=lambda entry: _natural(entry.name))


def _is_text(name: str) -> bool:
    """False for bytes that are no UTF-8: no client could be told such a name."""
    return name.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in name)


def _natural(name: str) -> tuple[list[str | int], str]:
    """Sort key in which "v2" comes before "v10", digits before letters, and case matters last."""
    parts: list[str | int] = [*_NUMBERS.split(name.casefold())]
    parts[1::2] = [int(digits) for digits in parts[1::2]]
    return parts, name


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


def _state(entry: os.DirEntry[str], walk: Walk) -> FileState | None:
    """The file, or None for what is no file or is still being written."""
    try:
        if not entry.is_file():
            return None
        status = entry.stat()
    except OSError:
        return None
    file = FileState(Path(entry.path), status.st_size, status.st_mtime_ns)
    return None if walk.unfinished is not None and walk.unfinished.is_one(file) else file


def _record(file: FileState, name: str, names: set[str]) -> ModelRecord:
    config = f"{os.path.splitext(os.path.basename(name))[0]}.yaml"
    return ModelRecord(
        name=name.replace(os.sep, "/"),
        path=file.path,
        bytes=file.bytes,
        modified=file.modified,
        config_path=file.path.with_name(config) if config in names else None,
    )


def _pipeline(folder: _Folder, start: int) -> Iterator[ModelRecord]:
    """A folder in the layout of diffusers: its size is that of all files, its time the newest's."""
    path = Path(folder.path)
    try:
        found = state_of(path)
    except OSError:
        return
    name = folder.path[start:].replace(os.sep, "/") or path.name
    yield ModelRecord(name, path, found.bytes, found.modified)
