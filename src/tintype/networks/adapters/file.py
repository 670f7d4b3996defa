"""LoRA files: their tensors, layer by layer."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from tintype.errors import ModelError
from tintype.networks.small_file import read_content, tensors_in

_OTHER_NAMES = {"lora_B.weight": "lora_up.weight", "lora_A.weight": "lora_down.weight"}
_BUNDLED_EMBEDDING = "bundle_emb"


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """What a LoRA or one of its relatives changes. Equal if it is the same state of a file.

    Attributes:
        path: where the file is.
        modified: its modification time, in nanoseconds since 1970.
        layers: tensors by layer and by part ("lora_up.weight", "alpha", …).
    """

    path: Path
    modified: int
    layers: Mapping[str, Mapping[str, Tensor]] = field(compare=False, repr=False)


def read_adapter(path: Path, modified: int = 0) -> AdapterFile:
    """Read a LoRA; its tensors stay mapped from a safetensors file.

    Raises:
        ModelError: the file cannot be read, or holds nothing that changes a layer.
    """
    content = read_content(path)
    layers: defaultdict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, tensor in tensors_in(content.get("state_dict", content)).items():
        layer, _, part = key.partition(".")
        if part and layer != _BUNDLED_EMBEDDING:
            layers[layer][_OTHER_NAMES.get(part, part)] = tensor
    if not layers:
        raise ModelError(f"{path.name} is no LoRA: it names no layers of a network.")
    return AdapterFile(path, modified, dict(layers))
