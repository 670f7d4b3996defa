"""LoRA files: their tensors, layer by layer."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from tintype.errors import ModelError
from tintype.networks.adapters.names import place_of
from tintype.networks.small_file import read_content, tensors_in

_BUNDLED_EMBEDDING = "bundle_emb."
_BY_OUTPUTS = "lora_magnitude_vector"  # PEFT's, where others keep what it is by their shape


@dataclass(frozen=True, slots=True)
class AdapterFile:
    """What a LoRA or one of its relatives changes. Equal if it is the same state of a file.

    Attributes:
        path: where the file is.
        modified: its modification time, in nanoseconds since 1970.
        layers: tensors by layer and by part ("lora_up.weight", "alpha", …), under the names that
            `place_of` gives them whatever the file's own are.
    """

    path: Path
    modified: int
    layers: Mapping[str, Mapping[str, Tensor]] = field(compare=False, repr=False)


def read_adapter(path: Path, modified: int = 0) -> AdapterFile:
    """Read a LoRA, all of its tensors, onto the CPU.

    Raises:
        ModelError: the file cannot be read, or holds nothing that changes a layer.
    """
    content = read_content(path)
    layers: defaultdict[str, dict[str, Tensor]] = defaultdict(dict)
    for key, tensor in tensors_in(content.get("state_dict", content)).items():
        if not key.startswith(_BUNDLED_EMBEDDING) and (place := place_of(key)):
            layer, part = place
            layers[layer][part] = tensor.flatten() if _BY_OUTPUTS in key else tensor
    if not layers:
        raise ModelError(f"{path.name} is no LoRA: it names no layers of a network.")
    return AdapterFile(path, modified, dict(layers))
