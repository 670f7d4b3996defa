"""Upscalers of other families, by spandrel where that is installed.

spandrel brings torchvision, so it is an extra, and imported when such a file is first asked for.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, cast

import torch
from torch import Tensor, nn

from tintype.errors import ModelError
from tintype.networks.reading import read_tensor
from tintype.networks.upscaling.enlarger import Enlarger
from tintype.tensorfiles import StoredTensor

_INSTALL = 'pip install "tintype[upscale]"'
_PURPOSES = ("SR", "Restoration")  # as spandrel calls what enlarges, or mends, any picture
_RGB = 3


class ForeignNetwork(nn.Module):
    """A network of spandrel's, which brings pictures to sizes it can work on by itself."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self._descriptor = descriptor
        self.model = cast("nn.Module", descriptor.model)

    def forward(self, x: Tensor) -> Tensor:
        """As `Rrdb.forward`."""
        return self._descriptor(x)


def load_foreign(tensors: Mapping[str, StoredTensor], device: torch.device) -> Enlarger:
    """Load what spandrel knows and we do not: SwinIR, DAT, HAT, SPAN and dozens more.

    Raises:
        ModelError: spandrel is not there, or knows no upscaler of that kind either.
    """
    spandrel = _spandrel()
    state = {name: read_tensor(tensor) for name, tensor in tensors.items()}
    try:
        descriptor: Any = spandrel.ModelLoader(torch.device("cpu")).load_from_state_dict(state)
    except Exception as error:  # whatever its detection stumbles over in files of any kind
        what = str(error).partition("\n")[0] or type(error).__name__
        raise ModelError(f"spandrel knows no upscaler of this kind: {what}") from error
    if descriptor.purpose not in _PURPOSES:
        name = descriptor.architecture.name
        raise ModelError(f"This is {name}, which does not enlarge pictures on its own.")
    check_colours(descriptor.input_channels, descriptor.output_channels)
    has_half = device.type != "cpu" and descriptor.supports_half
    descriptor.to(device, torch.float16 if has_half else torch.float32).eval()
    return Enlarger(ForeignNetwork(descriptor), int(descriptor.scale))


def check_colours(inputs: int, outputs: int) -> None:
    """Raise `ModelError` unless a network takes and gives pictures in colour."""
    if (inputs, outputs) != (_RGB, _RGB):
        raise ModelError(
            f"It takes pictures of {inputs} channels and gives {outputs};"
            " those for red, green and blue can be used."
        )


def _spandrel() -> Any:
    try:
        return import_module("spandrel")
    except ImportError as error:
        raise ModelError(
            "It is not of the ESRGAN family, and other upscalers are read by spandrel, which is"
            f" not installed here ({error}). {_INSTALL} brings it."
        ) from error
