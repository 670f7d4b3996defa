"""Faces found: the detector's file, and what its anchors say turned into faces."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from tintype.core.faces import Face
from tintype.core.families import NOTHING, other_kind
from tintype.errors import ModelError
from tintype.networks.faces.retinaface import ANCHORS, RetinaFace
from tintype.networks.filling import Filling, fill, without_memory
from tintype.tensorfiles import StoredTensor, naming, open_upscaler

CONFIDENCE = 0.97
"""How sure the network has to be of a face; facexlib's habit, and so A1111's."""

_LEVELS = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))  # strides, sides of anchors in pixels
_MOST_OVERLAP = 0.4  # of two boxes that are two faces, as a share of both together
_WAY, _GROWTH = 0.1, 0.2  # units of the network's answers, in sides of an anchor
_MEAN = (104.0, 117.0, 123.0)  # of blue, green and red
_WRAPPER = "module."  # of training in parallel
_SIGN, _OTHER_SIGN = "body.layer1.0.conv1.weight", "body.stage1.0.0.weight"


class FaceDetector:
    """A network on its device.

    Attributes:
        network: what answers for every anchor.
        bytes: memory that its weights take.
    """

    def __init__(self, network: RetinaFace) -> None:
        self.network = network
        self.bytes = sum(one.numel() * one.element_size() for one in network.parameters())

    def find(self, pixels: Tensor) -> list[Face]:
        """The faces of a picture (3, H, W) RGB in 0 … 1, those that are surest first.

        Faces are found best where the shorter side has about 640 pixels.
        """
        return self.find_in(pixels[None])[0]

    def find_in(self, pixels: Tensor) -> list[list[Face]]:
        """The faces of each picture (B, 3, H, W); see `find`."""
        weight = next(self.network.parameters())
        mean = torch.tensor(_MEAN, device=weight.device).view(3, 1, 1)
        shown = pixels.flip(1).to(weight.device).float() * 255 - mean
        anchors = anchors_for(*pixels.shape[-2:])
        answers = (answer.float().cpu() for answer in self.network(shown.to(weight.dtype)))
        return [
            _faces(_boxes(boxes, anchors), chances[:, 1], _points(points, anchors))
            for boxes, chances, points in zip(*answers, strict=True)
        ]


def load_detector(path: Path, device: torch.device) -> FaceDetector:
    """Load a detector, in float32.

    Args:
        path: a file such as `detection_Resnet50_Final.pth`, or the same as safetensors.
        device: where it computes.

    Raises:
        ModelError: the file is missing, torn, foreign or incomplete.
    """
    with naming(f"face detector {path.name}"):
        tensors = {name.removeprefix(_WRAPPER): one for name, one in open_upscaler(path).items()}
        _check(tensors)
        with without_memory():
            network = RetinaFace(tensors[_SIGN].shape[0])
        fill([Filling(network, {"": ""}, torch.float32, device)], tensors)
    return FaceDetector(network)


def anchors_for(height: int, width: int) -> Tensor:
    """Where the network's anchors lie in a picture: x and y of their centres, their sides (A, 3).

    All in pixels, in the order of the network's answers.
    """
    levels: list[Tensor] = []
    for stride, sides in _LEVELS:
        rows, columns = (torch.arange(ceil(n / stride)) + 0.5 for n in (height, width))
        y, x = torch.meshgrid(rows * stride, columns * stride, indexing="ij")
        centres = torch.stack([x, y], -1).reshape(-1, 1, 2).expand(-1, ANCHORS, 2)
        every = torch.tensor(sides, dtype=torch.float32).view(1, ANCHORS, 1)
        levels.append(torch.cat([centres, every.expand(len(centres), -1, -1)], -1).reshape(-1, 3))
    return torch.cat(levels)


def _boxes(answers: Tensor, anchors: Tensor) -> Tensor:
    """Left, top, right and bottom (A, 4) in pixels."""
    centres, sides = anchors[:, :2], anchors[:, 2:]
    middles = centres + answers[:, :2] * _WAY * sides
    halves = sides * (answers[:, 2:] * _GROWTH).exp() / 2
    return torch.cat([middles - halves, middles + halves], 1)


def _points(answers: Tensor, anchors: Tensor) -> Tensor:
    """x and y of the five points (A, 5, 2) in pixels."""
    ways = answers.view(-1, 5, 2) * _WAY * anchors[:, None, 2:]
    return anchors[:, None, :2] + ways


def _faces(boxes: Tensor, chances: Tensor, points: Tensor) -> list[Face]:
    sure = (chances > CONFIDENCE) & boxes.isfinite().all(1) & points.flatten(1).isfinite().all(1)
    order = sure.nonzero()[:, 0]
    order = order[chances[order].argsort(descending=True, stable=True)]
    chosen = order[apart(boxes[order])]
    rows = torch.cat([boxes, chances[:, None], points.flatten(1)], 1)[chosen]
    return [_face(row) for row in cast("list[list[float]]", rows.tolist())]


def _face(row: Sequence[float]) -> Face:
    left, top, right, bottom, confidence, *five = row
    points = tuple(zip(five[::2], five[1::2], strict=True))
    return Face((left, top, right, bottom), confidence, points)


def apart(boxes: Tensor) -> list[int]:
    """Places of boxes (N, 4) that overlap none before them too much, beginning with the first."""
    kept: list[int] = []
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    is_left = torch.ones(len(boxes), dtype=torch.bool)
    for place in range(len(boxes)):
        if is_left[place]:
            kept.append(place)
            corner = torch.minimum(boxes[:, 2:], boxes[place, 2:])
            shared = (corner - torch.maximum(boxes[:, :2], boxes[place, :2])).clamp(min=0).prod(1)
            is_left &= shared <= _MOST_OVERLAP * (areas + areas[place] - shared)
    return kept


def _check(tensors: Mapping[str, StoredTensor]) -> None:
    if _SIGN in tensors and len(tensors[_SIGN].shape) == 4:
        return
    if _OTHER_SIGN in tensors:
        raise ModelError(
            "This is RetinaFace on MobileNet; expected detection_Resnet50_Final.pth, on ResNet-50."
        )
    kind = other_kind(tensors)
    looks = "" if kind is NOTHING else f"; it looks like {kind}"
    raise ModelError(f"This finds no faces{looks}. Expected detection_Resnet50_Final.pth.")
