"""The picture size a checkpoint says it was trained for."""

import re

from tintype.core.models import ModelRecord
from tintype.errors import ModelError
from tintype.tensorfiles import safetensors_metadata

USUAL_SIZE = (512, 512)


def native_size(record: ModelRecord) -> tuple[int, int]:
    """Width and height from the file's `modelspec.resolution`, or 512 × 512 where it says nothing.

    A file that cannot be read says nothing either: whoever loads it will say what is wrong.
    """
    try:
        stated = safetensors_metadata(record.path).get("modelspec.resolution")
    except ModelError:
        return USUAL_SIZE
    match = re.fullmatch(r"(\d{2,4})x(\d{2,4})", str(stated))
    return (int(match[1]), int(match[2])) if match else USUAL_SIZE
