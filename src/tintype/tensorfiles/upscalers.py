"""Files of upscalers, which keep their weights in branches of many names."""

from collections.abc import Mapping
from pathlib import Path

from tintype.tensorfiles.contents import content, tensors_of
from tintype.tensorfiles.table import StoredTensor

_BRANCHES = ("params_ema", "params-ema", "params", "state_dict", "model_state_dict", "model")


def open_upscaler(path: Path) -> Mapping[str, StoredTensor]:
    """The weights of an upscaler, under the file's own names.

    Of files that hold several sets, averages (`params_ema`) are taken first.

    Raises:
        ModelError: the file is missing, torn, hostile or foreign, and how so.
    """
    found = content(path)
    for branch in _BRANCHES:
        if tensors := tensors_of(found.get(branch)):
            return tensors
    return tensors_of(found)
