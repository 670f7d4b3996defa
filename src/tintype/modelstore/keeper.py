"""What a server does for its models while nobody waits: it watches, reads headers, and hashes.

Two threads. One looks at the folders every other second, and at every file now and then. The other
first hashes the checkpoint that is asked for by default, in parallel with the worker's own start;
then, at the lowest priority and only while nothing is painted, it reads the headers of all files
and after them their hashes. It can be interrupted between any two blocks; a file that was not
finished is begun anew next time.
"""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from tintype.errors import ModelError
from tintype.modelstore.contents import contents_of, known_contents
from tintype.modelstore.facts import FileState
from tintype.modelstore.free_text import is_read, read_headers
from tintype.modelstore.store import ModelStore

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 2.0
_THOROUGH_EVERY = 15  # looks
_PAUSE_SECONDS = 0.2  # between two questions whether something is still painted
_HEADERS_AT_ONCE = 64
_LOWEST_PRIORITY = 19


class _Ended(Exception):  # noqa: N818 - no error
    """The server stops."""


class Keeper:
    """Keeps lists and index up to date beside a server.

    Args:
        store: whose.
        is_busy: pictures are being made, which must not be slowed down.
        hashes: also hash files that nobody has asked for.
        look_seconds: between two looks at the folders.
    """

    def __init__(
        self,
        store: ModelStore,
        is_busy: Callable[[], bool],
        *,
        hashes: bool = True,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._store, self._is_busy, self._hashes = store, is_busy, hashes
        self._look_seconds = look_seconds
        self._ending, self._news = threading.Event(), threading.Event()
        self._given_up: set[FileState] = set()

    def start(self) -> None:
        """Begin, in threads that end with the process at the latest."""
        for name, work in (("models-watch", self._watch), ("models-index", self._index)):
            threading.Thread(target=self._run, args=(work,), name=name, daemon=True).start()

    def stop(self) -> None:
        """Ask both threads to end; waits for none of them."""
        self._ending.set()
        self._news.set()

    def catch_up(self) -> None:
        """Read and hash all there is now, in this thread; for who makes an image of a machine."""
        self._read_headers()
        if self._hashes:
            self._hash_all()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _Ended:
            pass
        except Exception:
            _LOG.exception("model files are no longer looked after; restart to mend it")

    def _watch(self) -> None:
        looks = 0
        while not self._ending.wait(self._look_seconds):
            looks += 1
            if self._store.look_again(thoroughly=looks % _THOROUGH_EVERY == 0):
                self._news.set()

    def _index(self) -> None:
        if self._hashes:
            self._hash_default()
        _step_back()
        while not self._ending.is_set():
            self._news.clear()
            self.catch_up()
            self._news.wait()

    def _hash_default(self) -> None:
        try:
            self._store.hashed(self._store.default())
        except ModelError as error:
            _LOG.warning("%s", error)

    def _read_headers(self) -> None:
        index = self._store.index
        unread = [
            file
            for file in self._files()
            if known_contents(file, index) is None or not is_read(file, index)
        ]
        for start in range(0, len(unread), _HEADERS_AT_ONCE):
            self._let_others_past(None)
            some = unread[start : start + _HEADERS_AT_ONCE]
            read_headers(some, index)
            contents_of(some, index)
        for record in self._store.listing().checkpoints:
            self._check()
            self._store.facts(record)

    def _hash_all(self) -> None:
        for file in self._files():
            known = self._store.hashes.known(file)
            if (known is None or not known.has_autov3) and file not in self._given_up:
                self._hash(file)
            self._check()

    def _hash(self, file: FileState) -> None:
        try:
            self._store.complete_hashes(file, lambda: self._let_others_past(file.path))
        except ModelError as error:
            self._given_up.add(file)
            _LOG.warning("%s", error)

    def _files(self) -> Iterator[FileState]:
        """Every model file, those first whose hashes are asked for most."""
        listing = self._store.listing()
        checkpoints = (FileState.of(r) for r in listing.checkpoints)
        tables = (listing.adapters, listing.embeddings, listing.vaes, *listing.others.values())
        return chain(checkpoints, chain.from_iterable(table.values() for table in tables))

    def _let_others_past(self, path: Path | None) -> None:
        """Wait while pictures are made, unless somebody waits for this very file."""
        self._check()
        while self._is_busy() and not (path and self._store.hashes.is_wanted(path)):
            if self._ending.wait(_PAUSE_SECONDS):
                raise _Ended

    def _check(self) -> None:
        if self._ending.is_set():
            raise _Ended


def _step_back() -> None:
    """Give this thread the lowest priority, where threads have one (Linux)."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
    except (AttributeError, OSError):
        return
