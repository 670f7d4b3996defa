"""Where words are kept: wildcards and styles, in our data folder and in other programs' trees."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from tintype.modelstore.places import Places

WILDCARDS, STYLES = "wildcards", "styles.csv"
PACKAGES = ("extensions", "custom_nodes")  # of A1111 and Forge, and of ComfyUI


@dataclass(frozen=True, slots=True)
class Phrases:
    """Where to look for words besides the trees of models.

    Attributes:
        data: our data folder, or None for none.
        wildcards: further folders of wildcards, asked first.
        styles: files of styles, or patterns of them; empty for those beside the models.
    """

    data: Path | None = None
    wildcards: tuple[Path, ...] = ()
    styles: tuple[Path, ...] = ()


def wildcard_folders(places: Places, phrases: Phrases) -> Iterator[Path]:
    """Folders of wildcards, best first; each may be missing.

    Those that were named come first, then our own, then those of each tree and of the extensions
    in it: `extensions/*/wildcards` of A1111 and Forge, `custom_nodes/*/wildcards` of ComfyUI.
    """
    yield from phrases.wildcards
    if phrases.data is not None:
        yield phrases.data / WILDCARDS
    for tree in dict.fromkeys(places.beside()):
        yield tree / WILDCARDS
        for package in PACKAGES:
            yield from (folder / WILDCARDS for folder in _inside(tree / package))


def styles_files(places: Places, phrases: Phrases) -> tuple[Path, ...]:
    """The files of styles there are: all that were named; or the first beside models, and ours."""
    if phrases.styles:
        found = (path for pattern in phrases.styles for path in _matching(pattern))
        return tuple(dict.fromkeys(path for path in found if path.is_file()))
    beside = [path for folder in places.beside() if (path := folder / STYLES).is_file()]
    return (*beside[:1], *(path for path in _own_styles(phrases) if path.is_file()))


def new_styles_file(places: Places, phrases: Phrases) -> Path:
    """Where a file of styles belongs if there is none yet."""
    if phrases.styles:
        return Path(str(phrases.styles[0]).replace("*", "styles"))
    beside = (folder / STYLES for folder in places.beside())
    return next(iter((*_own_styles(phrases), *beside)))


def _own_styles(phrases: Phrases) -> tuple[Path, ...]:
    return () if phrases.data is None else (phrases.data / STYLES,)


def _matching(pattern: Path) -> list[Path]:
    if "*" not in str(pattern):
        return [pattern]
    return [Path(path) for path in sorted(glob(str(pattern)))]


def _inside(folder: Path) -> Iterator[Path]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    yield from (folder / name for name in names)
