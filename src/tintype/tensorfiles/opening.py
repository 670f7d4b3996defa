"""One door to models of every kind."""

import os.path
from pathlib import Path

from tintype.tensorfiles.contents import SUFFIX, pickled_table
from tintype.tensorfiles.folders import open_folder
from tintype.tensorfiles.names import under_reference_names
from tintype.tensorfiles.safetensors import open_safetensors
from tintype.tensorfiles.table import TensorTable


def open_table(path: Path, name: str | None = None) -> TensorTable:
    """What lies where in a model, under reference names.

    Args:
        path: a safetensors file, a torch file (`.ckpt .pt .pth .bin`) or a diffusers folder.
        name: what a file will be called, if its extension says nothing yet.

    Raises:
        ModelError: it is missing, torn, hostile or foreign, and how so; whose file it is, is left
            to the caller to say.
    """
    if os.path.isdir(path):  # Path's own raises where it may not look
        return open_folder(path)
    is_safetensors = Path(name or path).suffix.lower() == SUFFIX
    table = open_safetensors(path) if is_safetensors else pickled_table(path, name)
    return under_reference_names(table)
