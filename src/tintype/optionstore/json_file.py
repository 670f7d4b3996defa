"""One JSON object on disk: read whole, written whole, and never lost where it is damaged."""

import json
import logging
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import cast

from tintype.errors import SetupError
from tintype.whole_files import write_whole

_MOST_BYTES = 128 * 2**20
_log = logging.getLogger("tintype.optionstore")


class JsonFile:
    """A file that a person may have edited."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, object]:
        """What is in it, unchecked; nothing where there is no file.

        A file that is no JSON object is said and moved aside, so that nothing in it is lost.

        Raises:
            SetupError: it cannot be read, or not be moved.
        """
        try:
            return self._read()
        except (ValueError, RecursionError) as error:
            self.move_aside(str(error))
            return {}

    def peek(self, name: str) -> object:
        """One value as it is in the file, or None; of a file that cannot be read, too."""
        try:
            return self._read().get(name)
        except (ValueError, RecursionError, SetupError):
            return None

    def write(self, content: Mapping[str, object]) -> None:
        """Put this in its place by name, whole or not at all. Raises `SetupError` if it cannot."""
        ordered = {name: content[name] for name in sorted(content, key=str.casefold)}
        text = json.dumps(ordered, indent=2, ensure_ascii=False) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # half a letter, which UTF-8 has no bytes for, is written as JSON escapes it
            write_whole(self.path, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise SetupError(f"{self.path} cannot be written: {error.strerror}") from error

    def move_aside(self, why: str) -> None:
        """Give the file another name, and say why. Raises `SetupError`."""
        aside = self._aside()
        try:
            self.path.replace(aside)
        except OSError as error:
            raise SetupError(f"{self.path} is damaged: {why}; mend or remove it") from error
        _log.error("%s is damaged: %s; it is now %s", self.path, why, aside.name)

    def copy_aside(self, why: str) -> None:
        """Keep the file as it is now under another name, and say why. Raises `SetupError`."""
        aside = self._aside()
        try:
            shutil.copyfile(self.path, aside)
        except OSError as error:
            raise SetupError(f"{self.path} cannot be set aside: {error.strerror}") from error
        _log.warning("%s: %s; the file as it was is kept as %s", self.path, why, aside.name)

    def _read(self) -> dict[str, object]:
        try:
            with self.path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SetupError(f"{self.path} cannot be read: {error.strerror}") from error
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it is longer than {_MOST_BYTES} bytes")
        found: object = json.loads(data.decode("utf-8-sig"))
        if not isinstance(found, dict):
            raise ValueError("it is no JSON object")
        return cast("dict[str, object]", found)

    def _aside(self) -> Path:
        stem, now = self.path.stem, datetime.now()
        return self.path.with_name(f"{stem}-{now:%Y%m%d-%H%M%S-%f}{self.path.suffix}")
