"""The picture size a checkpoint says it was trained for."""

import json
import re
from pathlib import Path
from typing import cast

from tintype.core.models import ModelRecord

USUAL_SIZE = (512, 512)
_LONGEST_HEADER_BYTES = 100 * 1024 * 1024


def native_size(record: ModelRecord) -> tuple[int, int]:
    """Width and height from the file's `modelspec.resolution`, or 512 × 512 where it says nothing.

    A file that cannot be read says nothing either: whoever loads it will say what is wrong.
    """
    stated = _metadata(record.path).get("modelspec.resolution")
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", str(stated))
    return (int(match[1]), int(match[2])) if match else USUAL_SIZE


def _metadata(path: Path) -> dict[str, object]:
    """The free text of a safetensors header; empty for anything else."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header: object = json.loads(file.read(length)) if length < _LONGEST_HEADER_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return _mapping(_mapping(header).get("__metadata__"))


def _mapping(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
