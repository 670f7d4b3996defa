"""Small detectors of faces, under the names of `detection_Resnet50_Final.pth`."""

from pathlib import Path

import torch
from torch import Tensor

from tintype.networks.faces.retinaface import RetinaFace

_FIVE = ((193.0, 240.0), (319.0, 240.0), (257.0, 314.0), (201.0, 371.0), (313.0, 371.0))


def detector_state(width: int = 8, seed: int = 0, sureness: float = 0.0) -> dict[str, Tensor]:
    """Weights that keep the size of what passes through.

    Args:
        width: channels of the first convolution; 64 in the file there is, 4 at least.
        seed: of the weights.
        sureness: added to what says that an anchor is a face.
    """
    draw = torch.Generator().manual_seed(seed)
    state = {
        name: _weight(name, like, draw) for name, like in RetinaFace(width).state_dict().items()
    }
    state["body.bn1.running_var"] += 5000  # of pixels of 0 … 255
    for level in range(3):
        state[f"ClassHead.{level}.conv1x1.bias"] = torch.tensor([0.0, sureness] * 2)
    return state


def finding_state() -> dict[str, Tensor]:
    """A detector that finds one upright face in the middle of whatever picture it is shown.

    Its square has 256 pixels of the 640 that pictures have there. Every anchor of one size sees
    it, in a box so large that all but the first are suppressed; that one lies at (16, 16).
    """
    state = {name: torch.zeros_like(one) for name, one in detector_state(4).items()}
    state |= {name: torch.ones_like(one) for name, one in state.items() if "running_var" in name}
    never, large = torch.tensor([10.0, -10.0] * 2), torch.tensor([0.0, 0, 8, 8] * 2)
    state |= {f"ClassHead.{level}.conv1x1.bias": never for level in range(3)}
    state["ClassHead.2.conv1x1.bias"] = torch.tensor([10.0, -10.0, -10.0, 10.0])
    state["BboxHead.2.conv1x1.bias"] = large
    pixels = (torch.tensor(_FIVE) - 256) / 2 + 320 - 16
    state["LandmarkHead.2.conv1x1.bias"] = (pixels / (0.1 * 512)).flatten().repeat(2)
    return state


def write_detector(path: Path, state: dict[str, Tensor]) -> Path:
    """A torch file as facexlib's is, its names those of training in parallel."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, path)
    return path


def _weight(name: str, like: Tensor, draw: torch.Generator) -> Tensor:
    if "running_var" in name or (like.dim() == 1 and name.endswith("weight")):
        return 1 + 0.1 * torch.rand(like.shape, generator=draw)
    if like.dim() == 1:
        return 0.1 * torch.randn(like.shape, generator=draw)
    fan = like[0].numel()
    gain = 0.05 if "Head" in name else 1.2
    return torch.randn(like.shape, generator=draw) * gain / fan**0.5
