"""Options in `<data>/options.json`, in the form of A1111's `config.json`: one flat object."""

import json
import logging
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import cast

from tintype.errors import SetupError
from tintype.whole_files import write_whole

OPTIONS_FILE = "options.json"

_MOST_BYTES = 16 * 2**20
_log = logging.getLogger("tintype.options")


class OptionsFile:
    """One file of options; read at the start, written with every change."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, object]:
        """What is in it, unchecked; nothing where there is no file.

        A file that is no JSON object is said and set aside, so that nothing in it is lost.

        Raises:
            SetupError: it cannot be read, or not be set aside.
        """
        try:
            text = self._text()
            found: object = json.loads(text) if text is not None else {}
        except (ValueError, RecursionError) as error:
            return self._damaged(str(error))
        if not isinstance(found, dict):
            return self._damaged("it is no JSON object")
        return cast("dict[str, object]", found)

    def peek(self, name: str) -> object:
        """One option as it is in the file, or None; of a file that cannot be read, too."""
        try:
            found: object = json.loads(self._text() or "{}")
        except (ValueError, RecursionError, SetupError):
            return None
        return cast("dict[str, object]", found).get(name) if isinstance(found, dict) else None

    def write(self, options: Mapping[str, object]) -> None:
        """Put these in its place, whole or not at all. Raises `SetupError` if that cannot be."""
        text = json.dumps(dict(sorted(options.items())), indent=1) + "\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, text.encode())
        except OSError as error:
            raise SetupError(f"{self.path} cannot be written: {error.strerror}") from error

    def copy_aside(self, why: str) -> None:
        """Keep the file as it is now under another name, and say why. Raises `SetupError`."""
        aside = self.path.with_name(f"options-{datetime.now():%Y%m%d-%H%M%S-%f}.json")
        try:
            shutil.copyfile(self.path, aside)
        except OSError as error:
            raise SetupError(f"{self.path} cannot be set aside: {error.strerror}") from error
        _log.warning("%s: %s; the file as it was is kept as %s", self.path, why, aside.name)

    def _text(self) -> str | None:
        try:
            with self.path.open("rb") as file:
                data = file.read(_MOST_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SetupError(f"{self.path} cannot be read: {error.strerror}") from error
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it is longer than {_MOST_BYTES} bytes")
        return data.decode("utf-8-sig")

    def _damaged(self, why: str) -> dict[str, object]:
        self.copy_aside(f"{why}; every option has its default")
        return {}
