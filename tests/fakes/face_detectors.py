"""Small detectors of faces, under the names of `detection_Resnet50_Final.pth`."""

from pathlib import Path

import torch
from torch import Tensor

from tintype.networks.faces.retinaface import RetinaFace


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


def finding_state(at: int = 1) -> dict[str, Tensor]:
    """A detector that finds one face for each cell of one level, wherever it looks.

    Where the anchors lie is all it says: a face of `_ANCHOR` pixels about every cell of 32 pixels
    that suppression leaves over.

    Args:
        at: which of the cell's two anchors is a face.
    """
    state = {name: torch.zeros_like(one) for name, one in detector_state(4).items()}
    state |= {name: torch.ones_like(one) for name, one in state.items() if "running_var" in name}
    never = torch.tensor([10.0, -10.0] * 2)
    state |= {f"ClassHead.{level}.conv1x1.bias": never for level in range(3)}
    sure = torch.tensor([10.0, -10.0, 10.0, -10.0])
    sure[2 * at : 2 * at + 2] = torch.tensor([-10.0, 10.0])
    five = torch.tensor([[-2.0, -1], [2, -1], [0, 1], [-1.5, 3], [1.5, 3]]).flatten()
    state["ClassHead.2.conv1x1.bias"] = sure
    state["LandmarkHead.2.conv1x1.bias"] = five.repeat(2)
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
