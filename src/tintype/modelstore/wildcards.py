"""Wildcards on disk: files of lines, and YAML or JSON with maps of lists, below a few folders.

| file | wildcards |
|---|---|
| `colours.txt` | `colours`: its lines, but for empty ones and comments |
| `animals/cats.txt` | `animals/cats` |
| `clothes.yaml` with `mens: {shirts: [a, b]}` | `mens/shirts`; the file's own name plays no part |

Of a name that comes twice the first one counts, in the order of the folders.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

from tintype.core.wildcards import Entry, read_entry
from tintype.modelstore.facts import FileState
from tintype.modelstore.folders import files_below
from tintype.modelstore.wildcard_names import find_name, fitting

_LOG = logging.getLogger(__name__)
_LINES, _MAPS = (".txt",), (".yaml", ".yml", ".json")
_MOST_BYTES = 16 << 20  # of lines: a list of 300,000 names
_MOST_BYTES_OF_MAPS = 4 << 20  # which are read as a whole before any name in them is known
_MOST_ENTRIES = 500_000
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Found:
    """A wildcard, and where it lies.

    Attributes:
        name: as prompts write it between the underscores.
        file: where it is written.
        entries: those of a map; None for a file of lines, which is read when it is needed.
    """

    name: str
    file: FileState
    entries: tuple[Entry, ...] | None = None


_Map = tuple[tuple[Found, ...], tuple[str, ...]]
"""What a file of maps holds, and what is wrong with it."""

_T = TypeVar("_T")


class _BadFileError(ValueError):
    """A file that cannot be read; its text says why."""


class WildcardListing:
    """The wildcards of one moment."""

    def __init__(
        self,
        found: Mapping[str, Found],
        problems: Sequence[str],
        read: Callable[[Found], tuple[Entry, ...]],
    ) -> None:
        """Take what a look at the folders has found.

        Args:
            found: by name, in the order of folders and files.
            problems: files that say nothing, and why.
            read: the entries of one.
        """
        self._found, self.problems, self._read = found, tuple(problems), read

    @property
    def found(self) -> tuple[Found, ...]:
        """Every wildcard, in the order of folders and files."""
        return tuple(self._found.values())

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All names, in alphabetical order."""
        return tuple(sorted(self._found))

    def entries(self, name: str) -> tuple[Entry, ...] | None:
        """The entries of a name, or of all names that fit a pattern; None where there is none.

        A name may be written in another case. In patterns `*` stands for anything but `/`, and
        `**` for anything.
        """
        if "*" not in name:
            known = find_name(name, self._found)
            return None if known is None else self._read(self._found[known])
        names = fitting(name, self.names)
        return tuple(e for one in names for e in self._read(self._found[one])) if names else None


class WildcardFiles:
    """Looks at the folders whenever it is asked; what was read is kept until the file changes.

    Safe between threads.
    """

    def __init__(self, folders: Callable[[], Iterable[Path]]) -> None:
        """Nothing is read yet.

        Args:
            folders: where wildcards are, the first one asked first; each may be missing.
        """
        self._folders = folders
        self._lines: dict[Path, tuple[FileState, tuple[Entry, ...]]] = {}
        self._maps: dict[Path, tuple[FileState, _Map]] = {}

    def look(self) -> WildcardListing:
        """The wildcards there are now."""
        found: dict[str, Found] = {}
        problems: list[str] = []
        for folder in self._folders():
            for file in files_below(folder, _LINES + _MAPS):
                several, wrong = self._in(file, folder)
                problems += wrong
                for one in several:
                    found.setdefault(one.name, one)
        return WildcardListing(found, problems, self._entries)

    def _in(self, file: FileState, folder: Path) -> _Map:
        inside = file.path.relative_to(folder)
        if file.path.suffix.lower() in _LINES:
            return (Found(inside.with_suffix("").as_posix(), file),), ()
        return _kept(self._maps, file, lambda: _read_map(file, inside.parent.as_posix()))

    def _entries(self, found: Found) -> tuple[Entry, ...]:
        if found.entries is not None:
            return found.entries
        return _kept(self._lines, found.file, lambda: _read_lines(found.file))


def _kept(kept: dict[Path, tuple[FileState, _T]], file: FileState, read: Callable[[], _T]) -> _T:
    """What was read of this state of a file; two threads may read it both, and find the same."""
    known = kept.get(file.path)
    if known is None or known[0] != file:
        known = kept[file.path] = (file, read())
    return known[1]


def _read_lines(file: FileState) -> tuple[Entry, ...]:
    try:
        lines = _text(file, _MOST_BYTES).splitlines()
    except _BadFileError as error:
        _LOG.warning("the wildcards in %s say nothing: %s", file.path, error)
        return ()
    stripped = (_without_comment(line) for line in lines)
    return tuple(read_entry(line) for line in stripped if line)


def _without_comment(line: str) -> str:
    """A comment is a line that begins with `#`, or what follows a blank and a `#`."""
    line = line.strip()
    if line.startswith("#"):
        return ""
    for mark in (" #", "\t#"):
        line = line.partition(mark)[0]
    return line.rstrip()


def _text(file: FileState, most_bytes: int) -> str:
    if file.bytes > most_bytes:
        raise _BadFileError(f"{file.bytes} bytes are too many; {most_bytes} are read")
    try:
        data = file.path.read_bytes()
    except OSError as error:
        raise _BadFileError(f"it cannot be read: {error.strerror}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")  # what Windows' editors wrote for years


def _read_map(file: FileState, folder: str) -> tuple[tuple[Found, ...], tuple[str, ...]]:
    prefix = () if folder == "." else (folder,)
    try:
        leaves = list(_leaves(_parsed(file), prefix, [_MOST_ENTRIES]))
    except _BadFileError as error:
        return (), (f"{file.path}: {error}",)
    return tuple(Found("/".join(path), file, entries) for path, entries in leaves), ()


def _parsed(file: FileState) -> object:
    import yaml  # takes a while, and few have such a file

    text = _text(file, _MOST_BYTES_OF_MAPS)
    try:
        if file.path.suffix.lower() == ".json":
            return json.loads(text)
        # as texts all, so that "no" and "007" stay what they are
        return yaml.load(text, getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:300]
        raise _BadFileError(f"it is no {file.path.suffix[1:].upper()}: {reason}") from error


def _leaves(
    value: object, path: tuple[str, ...], left: list[int]
) -> Iterator[tuple[tuple[str, ...], tuple[Entry, ...]]]:
    """The lists in a map of maps, each with its path.

    Args:
        left: how many entries there may still be; a few lines of YAML can mean billions.
    """
    if len(path) > _DEEPEST:
        raise _BadFileError(f"its maps lie more than {_DEEPEST} deep in one another")
    if isinstance(value, dict):
        for key, inner in cast("dict[object, object]", value).items():
            yield from _leaves(inner, (*path, str(key).strip()), left)
        return
    if not path:
        raise _BadFileError("expected a map of names to lists of entries")
    several = cast("list[object]", value) if isinstance(value, list) else [value]
    left[0] -= len(several) + 1
    if left[0] < 0:
        raise _BadFileError(f"it holds more than {_MOST_ENTRIES} entries")
    yield path, tuple(_entries_of(several, "/".join(path)))


def _entries_of(values: Sequence[object], name: str) -> Iterator[Entry]:
    for value in values:
        if isinstance(value, dict | list):
            raise _BadFileError(
                f"{name} holds more than texts; expected a list of texts, or maps of them"
            )
        if value is not None and (text := str(value).strip()):
            yield read_entry(text)
