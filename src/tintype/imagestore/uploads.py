"""Pictures that were made elsewhere and are to be kept beside our own."""

import os
from datetime import datetime
from pathlib import Path

from tintype.errors import SetupError
from tintype.whole_files import write_whole

_FOLDER = "uploads"


def keep_upload(outputs: Path, data: bytes, extension: str, now: datetime) -> Path:
    """Write a file as `uploads/<YYYY-MM-DD>/<HHMMSS>-<6 digits>.<extension>`, and say where.

    It appears under its name only when it is whole and on the disk.

    Raises:
        SetupError: it cannot be written, say because the disk is full.
    """
    folder = outputs / _FOLDER / now.date().isoformat()
    path = folder / f"{now:%H%M%S}-{os.urandom(3).hex()}.{extension}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)
    except OSError as error:
        raise SetupError(f"no picture can be kept in {folder}: {error.strerror}") from error
    return path
