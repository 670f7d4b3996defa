"""Noticing pictures that came and went without us: another program's, copied, renamed, deleted."""

import logging
import os
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import time, time_ns

from tintype.errors import TintypeError
from tintype.imagestore.gallery import Gallery
from tintype.imagestore.gallery_rows import drop
from tintype.imagestore.records import Looked

_LOG = logging.getLogger(__name__)
_KINDS = frozenset({".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif"})
_LOOK_SECONDS = 5.0
_THOROUGH_EVERY = 60  # looks
_SETTLED_NS = 2 * 10**9  # a folder's time may stand still for changes that follow each other
_AT_ONCE = 100  # files of one transaction
_DAY_SECONDS = 86_400
_KEEP_DAYS = 30
_LOWEST_PRIORITY = 19


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder as it was read: its time, when that was (both nanoseconds), and its folders."""

    modified: int
    read: int
    below: tuple[str, ...]

    def is_still(self, modified: int) -> bool:
        return self.modified == modified and self.read - modified > _SETTLED_NS


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    state: tuple[int, int]


class Watcher:
    """Keeps a gallery as its files are; one thread, at the lowest priority.

    A look costs a question for each folder, and more only where something changed. Symbolic links
    and what begins with a dot are passed over. What vanished is remembered for 30 days, with its
    stars and tags, should its disk or file come back; so is what was thrown away.

    Args:
        gallery: whose.
        look_seconds: between two looks.
    """

    def __init__(self, gallery: Gallery, look_seconds: float = _LOOK_SECONDS) -> None:
        self._gallery, self._look_seconds = gallery, look_seconds
        self._ending = threading.Event()
        self._folders: dict[str, _Folder] = {}
        self._unreadable: dict[tuple[str, str], tuple[int, int]] = {}

    def start(self) -> None:
        """Begin, in a thread that ends with the process at the latest."""
        threading.Thread(target=self._watch, name="gallery-watch", daemon=True).start()

    def stop(self) -> None:
        """Ask the thread to end; does not wait for it."""
        self._ending.set()

    def look(self, *, thoroughly: bool = False) -> None:
        """Bring the gallery up to date, in this thread.

        Args:
            thoroughly: also look at folders that seem unchanged, for files written in their place.

        Raises:
            BusyError: the index cannot be written.
        """
        if thoroughly:
            self._folders.clear()
        try:
            self._look()
        except BaseException:
            self._folders.clear()  # something in them was not written down
            raise

    def tidy(self) -> None:
        """Delete what lies in the trash too long, and forget what is gone too long."""
        before = time() - _KEEP_DAYS * _DAY_SECONDS
        self._gallery.empty_trash(before)
        old = self._gallery.rows("SELECT number FROM pictures WHERE gone < ?", (before,))
        with self._gallery.written() as db:
            drop(db, [number for (number,) in old])

    def _look(self) -> None:
        """What vanished is noted before what came, so that a file that moved is known again."""
        if not self._gallery.outputs.is_dir():
            return
        news: dict[str, list[_File]] = {}
        waiting, seen = [""], set[str]()
        while waiting and not self._ending.is_set():
            folder = waiting.pop()
            seen.add(folder)
            below = self._look_into(folder, news)
            waiting += [f"{folder}/{name}".lstrip("/") for name in below]
        if not self._ending.is_set():
            self._note_gone_folders(seen)
        for folder, files in news.items():
            for start in range(0, len(files), _AT_ONCE):
                if self._ending.is_set():
                    return
                self._take_in(folder, files[start : start + _AT_ONCE])

    def _watch(self) -> None:
        _step_back()
        looks = 0
        while not self._ending.is_set():
            try:
                self.look(thoroughly=looks % _THOROUGH_EVERY == 0)
                if looks % _THOROUGH_EVERY == 0:
                    self.tidy()
            except (OSError, TintypeError) as error:
                _LOG.warning("the gallery could not be brought up to date: %s", error)
            looks += 1
            self._ending.wait(self._look_seconds)

    def _look_into(self, folder: str, news: dict[str, list[_File]]) -> tuple[str, ...]:
        """The folders in a folder; if it has changed, also what is new in it or gone."""
        path = self._gallery.outputs / folder
        known, now = self._folders.get(folder), time_ns()
        try:
            modified = path.stat().st_mtime_ns
            if known is not None and known.is_still(modified):
                return known.below
            below, files = _read_folder(path)
        except OSError:  # gone meanwhile, or not ours to read
            return ()
        news[folder] = self._compared(folder, files)
        self._folders[folder] = _Folder(modified, now, below)
        return below

    def _compared(self, folder: str, files: list[_File]) -> list[_File]:
        """The files that are new or another's; those that are gone are noted."""
        query = (
            "SELECT name, bytes, modified, gone IS NOT NULL FROM pictures "
            "WHERE folder = ? AND trashed IS NULL"
        )
        known = {
            name: None if gone else (size, modified)
            for name, size, modified, gone in self._gallery.rows(query, (folder,))
        }
        vanished = known.keys() - {file.name for file in files}
        self._note_gone(folder, [name for name in vanished if known[name] is not None])
        return [file for file in files if known.get(file.name) != file.state]

    def _take_in(self, folder: str, files: list[_File]) -> None:
        """Files are looked into before the transaction begins, so that nobody waits for that."""
        looked = [(file, found) for file in files if (found := self._looked(folder, file))]
        with self._gallery.written() as db:
            for file, found in looked:
                place = folder, file.name
                _move_row(db, place, file.state)
                self._gallery.put(db, place, file.state, found)

    def _looked(self, folder: str, file: _File) -> Looked | None:
        """What a file says; None if it is no picture, which is not asked again until it changes."""
        place = folder, file.name
        if self._unreadable.get(place) == file.state:
            return None
        try:
            return self._gallery.look(self._gallery.outputs / folder / file.name)
        except (OSError, TintypeError) as error:
            _LOG.debug("%s/%s is not listed: %s", folder, file.name, error)
            self._unreadable[place] = file.state
            return None

    def _note_gone(self, folder: str, names: list[str]) -> None:
        if not names:
            return
        query = "UPDATE pictures SET gone = ? WHERE folder = ? AND name = ? AND trashed IS NULL"
        with self._gallery.written() as db:
            db.executemany(query, [(time(), folder, name) for name in names])

    def _note_gone_folders(self, seen: set[str]) -> None:
        query = "SELECT DISTINCT folder FROM pictures WHERE trashed IS NULL AND gone IS NULL"
        gone = [folder for (folder,) in self._gallery.rows(query) if folder not in seen]
        for folder in gone:
            self._compared(folder, [])
        self._folders = {name: known for name, known in self._folders.items() if name in seen}


def _read_folder(path: Path) -> tuple[tuple[str, ...], list[_File]]:
    with os.scandir(path) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    below = tuple(e.name for e in visible if e.is_dir(follow_symlinks=False) and _is_text(e.name))
    return below, list(_files(visible))


def _files(entries: list[os.DirEntry[str]]) -> Iterator[_File]:
    for entry in entries:
        if os.path.splitext(entry.name)[1].lower() not in _KINDS or not _is_text(entry.name):
            continue
        if entry.is_file(follow_symlinks=False):
            state = entry.stat(follow_symlinks=False)
            yield _File(entry.name, (state.st_size, state.st_mtime_ns))


def _is_text(name: str) -> bool:
    """Names in another encoding than the system's cannot be written down."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _move_row(db: sqlite3.Connection, place: tuple[str, str], state: tuple[int, int]) -> None:
    """Give a new file the row of one that vanished with the same bytes and time: it was moved."""
    query = "SELECT 1 FROM pictures WHERE folder = ? AND name = ? AND trashed IS NULL"
    if db.execute(query, place).fetchone() is not None:
        return
    query = (
        "SELECT number FROM pictures "
        "WHERE gone IS NOT NULL AND trashed IS NULL AND bytes = ? AND modified = ?"
    )
    moved = db.execute(query, state).fetchall()
    if len(moved) == 1:
        db.execute("UPDATE pictures SET folder = ?, name = ? WHERE number = ?", (*place, *moved[0]))


def _step_back() -> None:
    """Give this thread the lowest priority, where threads have one (Linux)."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
    except (AttributeError, OSError):
        return
