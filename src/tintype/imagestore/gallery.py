"""The pictures kept on disk: found, searched, starred, thrown away and fetched back."""

import logging
import os
import sqlite3
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from time import time
from typing import Any

from tintype.errors import BusyError, SetupError, TintypeError, UnknownPicture
from tintype.imagestore.gallery_rows import Place, drop, put, retag, update
from tintype.imagestore.gallery_table import SELECTED, as_picture, has_word_index, opened
from tintype.imagestore.records import (
    Change,
    Kept,
    Looked,
    Picture,
    PicturePage,
    Reader,
    Search,
)
from tintype.imagestore.searching import after, cursor_of, where

GALLERY_FILE, TRASH = "gallery.sqlite", ".trash"

_LOG = logging.getLogger(__name__)
_MOST_AT_ONCE = 500  # values of one statement


class Gallery:
    """An index of the pictures under `<data>/outputs`; the files stay the truth.

    Safe between threads. Stars, tags, boards and owners are in the index alone; whatever else it
    holds comes back by itself if it is deleted.

    Args:
        folder: the data folder.
        reader: how files and infotexts are read.

    Raises:
        SetupError: the index cannot be opened.
    """

    def __init__(self, folder: Path, reader: Reader) -> None:
        self.outputs = folder / "outputs"
        self._reader = reader
        self._db, self._writing = opened(folder / GALLERY_FILE), Lock()
        self._reading_db, self._reading = opened(folder / GALLERY_FILE), Lock()
        self._has_index = has_word_index(self._db)

    def close(self) -> None:
        """Let go of the index; nothing can be asked any more."""
        with self._writing, self._reading:
            self._db.close()
            self._reading_db.close()

    def add(self, kept: Kept) -> None:
        """Note a picture that was just written. Never fails: a later look finds what it misses."""
        try:
            place = self._place(kept.path)
            if place is None:
                _LOG.warning("%s lies outside the gallery and is not listed", kept.path)
                return
            state = kept.path.lstat()
            looked = Looked(kept.infotext, kept.width, kept.height)
            with self.written() as db:
                number = self.put(db, place, (state.st_size, state.st_mtime_ns), looked)
                told = {
                    "job": kept.job_id,
                    "owner": kept.owner,
                    "made": round(kept.made.timestamp(), 6),
                    "is_sheet": kept.is_sheet,
                }
                update(db, number, told)
        except (OSError, TintypeError) as error:
            _LOG.warning("%s is not in the gallery yet: %s", kept.path, error)

    def page(self, search: Search, limit: int, cursor: str | None = None) -> PicturePage:
        """Pictures that were looked for, the newest first.

        Args:
            limit: how many at most, at least 1.
            cursor: `next` of the page before, or None for the first.

        Raises:
            InvalidRequest: this is no cursor.
            BusyError: the index does not answer.
        """
        condition, values = where(search, has_index=self._has_index)
        count = f"SELECT count(*) FROM pictures p WHERE {condition}"
        (total,) = self._read(lambda db: db.execute(count, values).fetchone())
        if cursor is not None:
            behind, more = after(cursor)
            condition, values = f"{condition} AND {behind}", (*values, *more)
        order = "ORDER BY p.made DESC, p.number DESC"
        # Long texts are read of those alone that are shown.
        shown = f"SELECT p.number FROM pictures p WHERE {condition} {order} LIMIT ?"
        found = self._all(f"{SELECTED} WHERE p.number IN ({shown}) {order}", (*values, limit + 1))
        next_ = cursor_of(found[limit - 1]) if len(found) > limit else None
        return PicturePage(tuple(found[:limit]), total, next_)

    def find(self, id_: str) -> Picture:
        """A picture by its id, also in the trash. Raises `UnknownPicture`, or as `page`."""
        return self.find_all([id_])[0]

    def at(self, path: Path) -> Picture:
        """The picture in a file. Raises as `find`."""
        place = self._place(path) or ("", "")
        found = self._all(
            f"{SELECTED} WHERE p.folder = ? AND p.name = ? AND p.trashed IS NULL", place
        )
        if not found:
            raise UnknownPicture(path.name)
        return found[0]

    def find_all(self, ids: Collection[str]) -> list[Picture]:
        """Pictures by their ids, in that order, each once. Raises as `find`."""
        found: dict[str, Picture] = {}
        wanted = list(dict.fromkeys(ids))
        possible = [id_ for id_ in wanted if id_.isascii()]  # halves of letters are no UTF-8
        for start in range(0, len(possible), _MOST_AT_ONCE):
            some = possible[start : start + _MOST_AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"{SELECTED} WHERE p.id IN ({marks}) AND p.gone IS NULL"
            found |= {one.id: one for one in self._all(query, some)}
        for id_ in wanted:
            if id_ not in found:
                raise UnknownPicture(id_)
        return [found[id_] for id_ in wanted]

    def file_of(self, picture: Picture) -> Path:
        """Where its file is. Raises `UnknownPicture` if it is gone, or lies behind a link."""
        path = self.path_of(picture)
        try:
            real = path.resolve(strict=True)
        except OSError:
            raise UnknownPicture(picture.id) from None
        if real != self.outputs.resolve() / path.relative_to(self.outputs) or not real.is_file():
            raise UnknownPicture(picture.id)
        return real

    def path_of(self, picture: Picture) -> Path:
        """Where its file should be."""
        if picture.trashed is None:
            return self.outputs / picture.path
        return self.outputs / TRASH / f"{picture.id}{Path(picture.name).suffix}"

    def change(self, id_: str, change: Change) -> Picture:
        """Star it, give it tags or a board, and return it as it is now. Raises as `find`."""
        picture = self.find(id_)
        with self.written() as db:
            if change.starred is not None:
                update(db, picture.number, {"starred": change.starred})
            if change.board is not None:
                update(db, picture.number, {"board": change.board or None})
            if change.tags is not None:
                retag(db, picture.number, change.tags)
        return self.find(id_)

    def trash(self, id_: str) -> None:
        """Move it to the trash; one that is there already stays. Raises as `find`."""
        picture = self.find(id_)
        if picture.trashed is not None:
            return
        thrown = replace(picture, trashed=round(time(), 6))
        with self.written() as db:
            update(db, picture.number, {"trashed": thrown.trashed})
            _move(self.file_of(picture), self.path_of(thrown))

    def restore(self, id_: str) -> Picture:
        """Fetch it back from the trash, under another name if its own is taken by now.

        Raises as `find`.
        """
        picture = self.find(id_)
        if picture.trashed is None:
            return picture
        file = self.file_of(picture)
        with self.written() as db:
            back = replace(picture, trashed=None, name=self._free_name(picture))
            update(db, picture.number, {"trashed": None, "name": back.name})
            _move(file, self.path_of(back))
        return self.find(id_)

    def forget(self, id_: str) -> None:
        """Delete its file and all that is known of it, for ever. Raises as `find`."""
        self._destroy(self.find(id_))

    def empty_trash(self, before: float) -> int:
        """Delete for ever what was thrown away before a Unix second, and say how many."""
        old = self._all(f"{SELECTED} WHERE p.trashed < ?", (before,))
        for picture in old:
            self._destroy(picture)
        return len(old)

    @contextmanager
    def written(self) -> Generator[sqlite3.Connection]:
        """A transaction, undone by any exception. Raises `BusyError` if it cannot be written."""
        try:
            with self._writing, self._db:
                yield self._db
        except sqlite3.Error as error:
            raise BusyError(f"the index of pictures cannot be written: {error}") from error

    def rows(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """What a statement that reads finds. Raises `BusyError`."""
        return self._read(lambda db: db.execute(query, values).fetchall())

    def look(self, path: Path) -> Looked:
        """Into a file. Raises `InvalidRequest` if it is no picture, `OSError` if it is gone."""
        return self._reader.look(path)

    def put(
        self, db: sqlite3.Connection, place: Place, state: tuple[int, int], looked: Looked
    ) -> int:
        """As `gallery_rows.put`, with the facts of the infotext."""
        return put(db, place, state, looked, self._reader.facts(looked.infotext))

    def _destroy(self, picture: Picture) -> None:
        path = self.path_of(picture)
        with self.written() as db:
            drop(db, [picture.number])
            try:
                path.unlink(missing_ok=True)
                path.with_suffix(".txt").unlink(missing_ok=True)
            except OSError as error:
                raise SetupError(f"{path.name} cannot be deleted: {error.strerror}") from error

    def _free_name(self, picture: Picture) -> str:
        """Its own name, or the first of that name with a number behind it that is free."""
        name, number = Path(picture.name), 0
        while (self.outputs / picture.folder / name).exists():
            number += 1
            name = Path(f"{Path(picture.name).stem}-{number}{name.suffix}")
        return str(name)

    def _place(self, path: Path) -> Place | None:
        try:
            below = Path(os.path.abspath(path)).relative_to(os.path.abspath(self.outputs))
        except ValueError:
            return None
        return below.parent.as_posix().removeprefix("."), below.name

    def _all(self, query: str, values: Sequence[object]) -> list[Picture]:
        return [as_picture(row) for row in self.rows(query, values)]

    def _read(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        try:
            with self._reading:
                return work(self._reading_db)
        except sqlite3.Error as error:
            raise BusyError(f"the index of pictures cannot be read: {error}") from error


def _move(file: Path, to: Path) -> None:
    """A file, and the text of its name beside it."""
    text = file.with_suffix(".txt")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        file.replace(to)
        if text.is_file() and not text.is_symlink():
            text.replace(to.with_suffix(".txt"))
    except OSError as error:
        raise SetupError(f"{file.name} cannot be moved: {error.strerror}") from error
