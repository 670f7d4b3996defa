"""Presets on disk: sets of a job's fields under names, in one JSON file of the data folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, cast

from tintype.errors import InvalidRequest, UnknownName
from tintype.optionstore.json_file import JsonFile

PRESETS_FILE = "presets.json"
MOST_PRESETS = 1000
MOST_BYTES = 64 * 1024  # of one preset, as JSON

Fields = Mapping[str, Any]


class Presets:
    """The presets of a server; safe between threads of one process."""

    def __init__(self, path: Path) -> None:
        """Nothing is read yet.

        Args:
            path: of the file, which need not exist. It is written whole or not at all.
        """
        self._file, self._lock = JsonFile(path), Lock()

    def all(self) -> dict[str, Fields]:
        """Every preset by name, in alphabetical order.

        A damaged file is set aside under another name, and that is logged.
        """
        with self._lock:
            return self._read()

    def find(self, name: str) -> Fields:
        """The fields of one preset. Raises `UnknownName`."""
        presets = self.all()
        if name not in presets:
            raise UnknownName("preset", name, list(presets))
        return presets[name]

    def put(self, name: str, fields: Fields) -> bool:
        """Keep a preset; true if there was none of that name.

        Raises:
            InvalidRequest: it is too large, or no text, or there are too many.
            SetupError: the file cannot be written.
        """
        _check_size(name, fields)
        with self._lock:
            presets = self._read()
            is_new = name not in presets
            if is_new and len(presets) >= MOST_PRESETS:
                raise InvalidRequest("name", f"there are {MOST_PRESETS} presets; delete one first")
            self._file.write({**presets, name: fields})
        return is_new

    def delete(self, name: str) -> None:
        """Forget a preset. Raises `UnknownName`, or `SetupError` as `put`."""
        with self._lock:
            presets = self._read()
            if name not in presets:
                raise UnknownName("preset", name, list(presets))
            del presets[name]
            self._file.write(presets)

    def _read(self) -> dict[str, Fields]:
        found = self._file.read()
        if not all(isinstance(fields, dict) for fields in found.values()):
            self._file.move_aside("expected a map of names to maps of fields")
            return {}
        presets = cast("dict[str, Fields]", found)
        return {name: presets[name] for name in sorted(presets, key=str.casefold)}


def _check_size(name: str, fields: Fields) -> None:
    try:
        size = len(json.dumps({name: fields}, ensure_ascii=False).encode())
    except UnicodeEncodeError as error:
        half = f"U+{ord(error.object[error.start]):04X}"
        raise InvalidRequest("body", f"{half} is in it, which is not text") from error
    if size > MOST_BYTES:
        raise InvalidRequest("body", f"a preset may have {MOST_BYTES} bytes as JSON, not {size}")
