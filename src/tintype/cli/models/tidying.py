"""Deleting models, and keeping the bytes of equal ones only once."""

import fcntl
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tintype.core.settings import StoreConfig
from tintype.errors import InvalidRequest, ModelError, SetupError
from tintype.fetching.records import record_path
from tintype.modelstore import ModelStore, entries
from tintype.modelstore.pictures import ENDINGS
from tintype.settings import DEMO_TREE
from tintype.tensorfiles import WEIGHTS

_BESIDE = (".json", ".civitai.info", ".txt", ".yaml")
_PICTURES = tuple(f".{ending}" for ending in ENDINGS)
_FICLONE = 0x40049409  # Linux: share the blocks of a file until one of the two is written to


def require_ours(path: Path, config: StoreConfig) -> None:
    """Refuse what does not lie in a folder that was given to us.

    Raises:
        InvalidRequest: it is the package's, another program's, or behind a link.
    """
    if DEMO_TREE in path.parents:
        raise InvalidRequest("name", "the demo model belongs to the package and stays")
    if not _is_ours(path, config):
        raise InvalidRequest(
            "name", f"{path} is in none of the folders that were given, so it is left alone"
        )


def belongings(path: Path) -> list[Path]:
    """A model and what belongs to it alone: previews, notes, config, record."""
    stem = path.name if path.is_dir() else path.stem
    shared = any(
        other.stem == stem and other != path and other.suffix.lower() in WEIGHTS
        for other in path.parent.iterdir()
        if other.is_file()
    )
    suffixes = [*_BESIDE, *_PICTURES, *(f".preview{picture}" for picture in _PICTURES)]
    beside = [] if shared else [path.with_name(f"{stem}{suffix}") for suffix in suffixes]
    return [path, *(file for file in (*beside, record_path(path)) if file.is_file())]


def remove_all(paths: list[Path]) -> None:
    """Delete files and folders; links are deleted, not what they lead to.

    Raises:
        SetupError: one of them stays.
    """
    for path in paths:
        try:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except OSError as error:
            raise SetupError(f"{path} cannot be deleted: {error.strerror}") from error


def twins(store: ModelStore, config: StoreConfig) -> Iterator[tuple[Path, Path, int]]:
    """Files with the bytes of another: the one to keep, its twin, and their size.

    Only files of one size are read, and only those of one file system and of our folders.
    """
    alike: dict[tuple[int, int], list[Path]] = defaultdict(list)
    for entry in entries(store):
        path = entry.file.path
        if path.is_file() and not path.is_symlink() and _is_ours(path, config):
            alike[path.stat().st_dev, entry.file.bytes].append(path)
    for (_, size), paths in alike.items():
        if len(paths) > 1 and size:
            yield from ((kept, twin, size) for kept, twin in _equal(paths, store))


def share(kept: Path, twin: Path) -> str:
    """Let a twin share the bytes of the other, all at once; how, in words.

    Where the file system can share blocks, both stay files of their own; else they become one file
    under two names. The twin keeps its time, so nothing is hashed again.

    Raises:
        SetupError: the file system can do neither.
    """
    beside = twin.with_name(f".{twin.stat().st_ino}.twin")  # the twin's name may be the longest
    try:
        how = "shares blocks for" if _cloned(kept, beside) else "is one file now for"
        if how.startswith("is"):
            os.link(kept, beside)
        else:
            shutil.copystat(twin, beside)
        os.replace(beside, twin)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise SetupError(f"{twin} cannot share bytes: {error.strerror}") from error
    return how


def _is_ours(path: Path, config: StoreConfig) -> bool:
    given = [root for root in config.model_roots if root != DEMO_TREE]
    beside = [root.parent / "embeddings" for root in given if root.name == "models"]
    folders = [*given, *beside, *(folder for _, folder in config.folders)]
    place = path.parent.resolve()
    return any(place.is_relative_to(folder.resolve()) for folder in folders)


def _equal(paths: list[Path], store: ModelStore) -> Iterator[tuple[Path, Path]]:
    first: dict[str, Path] = {}
    for path in paths:
        try:
            _, hashes = store.hashes.compute(path, path.name)
        except ModelError:  # it is being written, or not ours to read
            continue
        kept = first.setdefault(hashes.sha256, path)
        if kept != path and not kept.samefile(path):
            yield kept, path


def _cloned(source: Path, target: Path) -> bool:
    try:
        with source.open("rb") as old, target.open("xb") as new:
            fcntl.ioctl(new, _FICLONE, old.fileno())
    except FileExistsError:
        raise
    except OSError:
        target.unlink()
        return False
    return True
