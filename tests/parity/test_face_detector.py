"""Our detector of faces against facexlib's on the same random weights."""

import re
import sys
from collections.abc import Generator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np
import pytest
import torch
from tests.fakes.face_detectors import detector_state, write_detector
from torch import Tensor, nn
from transformers import ResNetConfig, ResNetModel

from tintype.networks.faces.detector import CONFIDENCE, load_detector

CPU = torch.device("cpu")
WIDTH = 64  # facexlib takes it for granted


@pytest.fixture(scope="module")
def facexlib() -> Generator[Path]:
    """The library's modules one by one, with a stand-in for torchvision.

    Its `__init__` asks for what no test does, and torchvision brings builds of torch of its own.
    """
    spec = find_spec("facexlib")
    if spec is None or spec.origin is None:
        pytest.skip("facexlib is not installed")
    root = Path(spec.origin).parent
    assert ResNetModel  # transformers looks for torchvision when this is first named
    with pytest.MonkeyPatch.context() as patch:
        for name in ("facexlib", "facexlib.detection"):
            package = ModuleType(name)
            package.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
            patch.setitem(sys.modules, name, package)
        for name, things in _STAND_INS.items():
            module = ModuleType(name)
            for thing, value in things.items():
                patch.setattr(module, thing, value, raising=False)
            patch.setitem(sys.modules, name, module)
        vision: Any = sys.modules["torchvision"]
        vision.models, vision.ops = (sys.modules[f"torchvision.{one}"] for one in ("models", "ops"))
        yield root


class Body(nn.Module):
    """The last three stages of transformers' ResNet-50, in place of torchvision's."""

    def __init__(self) -> None:
        super().__init__()
        self.network: Any = ResNetModel(ResNetConfig())

    def forward(self, x: Tensor) -> dict[int, Tensor]:
        answer: Any = self.network(x, output_hidden_states=True)
        stages = cast("tuple[Tensor, ...]", answer.hidden_states[2:])
        return dict(enumerate(stages))


def suppressed(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """torchvision's `nms`, box by box."""
    kept: list[int] = []
    corners = cast("list[list[float]]", boxes.tolist())
    for place in cast("list[int]", scores.argsort(descending=True).tolist()):
        if all(_overlap(corners[place], corners[k]) <= iou_threshold for k in kept):
            kept.append(place)
    return torch.tensor(kept)


def _overlap(a: Sequence[float], b: Sequence[float]) -> float:
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return width * height / (areas - width * height)


def _nothing(**_: object) -> None:
    """In place of torchvision's ResNet."""


def _body(*_: object) -> Body:
    return Body()


_STAND_INS: dict[str, dict[str, Any]] = {
    "torchvision": {},
    "torchvision.ops": {"nms": suppressed},
    "torchvision.models": {"resnet50": _nothing},
    "torchvision.models._utils": {"IntermediateLayerGetter": _body},
}


def theirs(state: dict[str, Tensor]) -> Any:
    """facexlib's network with the same weights."""
    network = import_module("facexlib.detection.retinaface").RetinaFace(device=CPU)
    network.load_state_dict({_renamed(name): one for name, one in state.items()}, strict=False)
    missing = set(network.state_dict()) - {_renamed(name) for name in state}
    assert all(name.endswith("num_batches_tracked") for name in missing), missing
    return network


def _renamed(name: str) -> str:
    """As transformers calls a tensor of the body."""
    if not name.startswith("body."):
        return name
    name = re.sub(r"^body\.(conv1|bn1)\.", r"body.network.embedder.embedder.\1.", name)
    name = re.sub(
        r"^body\.layer(\d)\.",
        lambda found: f"body.network.encoder.stages.{int(found[1]) - 1}.layers.",
        name,
    )
    name = re.sub(
        r"\.(conv|bn)([123])\.",
        lambda found: (
            f".layer.{int(found[2]) - 1}.{found[1]}1." if ".layers." in name else found[0]
        ),
        name,
    )
    name = name.replace(".downsample.0.", ".shortcut.convolution.")
    name = name.replace(".downsample.1.", ".shortcut.normalization.")
    return name.replace(".conv1.", ".convolution.").replace(".bn1.", ".normalization.")


def test_the_network_equals_facexlibs(facexlib: Path, tmp_path: Path) -> None:
    """What every anchor says is the same, to what sums in another order differ by."""
    state = detector_state(WIDTH)
    pixels = torch.rand(2, 3, 96, 72, generator=torch.Generator().manual_seed(1))
    ours = load_detector(write_detector(tmp_path / "x.pth", state), CPU)
    with torch.inference_mode():
        found = ours.network(pixels)
        expected = theirs(state)(pixels)
    assert expected[1][..., 1].std() > 0.01
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4 * float(other.std()))


def test_faces_equal_facexlibs(facexlib: Path, tmp_path: Path) -> None:
    """Boxes, confidences and points are the same, to a hundredth of a pixel, in the same order."""
    state = detector_state(WIDTH, sureness=2.5)
    pixels = np.random.default_rng(1).integers(0, 256, (100, 150, 3), dtype=np.uint8)
    shown = torch.from_numpy(pixels).movedim(2, 0) / 255
    with torch.inference_mode():
        found = load_detector(write_detector(tmp_path / "x.pth", state), CPU).find(shown)
        expected = theirs(state).detect_faces(pixels[:, :, ::-1], CONFIDENCE)
    rows = [[*face.box, face.confidence, *np.ravel(face.points)] for face in found]
    assert 3 < len(rows) < 200
    np.testing.assert_allclose(rows, expected, rtol=0, atol=0.01)
