"""RetinaFace on ResNet-50: where faces are, named as in `detection_Resnet50_Final.pth`.

The last three stages of a ResNet give features at strides of 8, 16 and 32 pixels. A pyramid brings
them to one width and lets the coarse inform the fine; three branches of growing sight widen the
context of each; and for every cell and each of its two anchors a 1 × 1 convolution answers with
how the anchor is to be moved, whether it is a face, and where the five points are.

Source: Deng et al. 2019, arXiv:1905.00641.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

ANCHORS = 2  # of each cell
_BLOCKS = (3, 4, 6, 3)
_GROWTH = 4  # of channels within a residual block


class FrozenNorm(nn.Module):
    """Batch normalisation by the statistics of the training."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.register_buffer("running_mean", torch.empty(channels))
        self.register_buffer("running_var", torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        mean, variance = self.get_buffer("running_mean"), self.get_buffer("running_var")
        return functional.batch_norm(x, mean, variance, self.weight, self.bias)


class RetinaFace(nn.Module):
    """The network; `width` is 64 in every file there is, and smaller in tests."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        features = width * _GROWTH
        self.body = _ResNet(width)
        self.fpn = _Pyramid((features * 2, features * 4, features * 8), features)
        self.ssh1, self.ssh2, self.ssh3 = (_Context(features) for _ in range(3))
        self.ClassHead = _heads(features, 2)
        self.BboxHead = _heads(features, 4)
        self.LandmarkHead = _heads(features, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What every anchor says of pictures (B, 3, H, W): blue, green, red, less their mean.

        Returns:
            its way to the box (B, A, 4), its chances to be none or a face (B, A, 2), and its way
            to the five points (B, A, 10); anchors level by level, row by row.
        """
        seen = self.fpn(self.body(x))
        seen = [self.ssh1(seen[0]), self.ssh2(seen[1]), self.ssh3(seen[2])]
        chances = _answers(self.ClassHead, seen, 2).softmax(-1)
        return _answers(self.BboxHead, seen, 4), chances, _answers(self.LandmarkHead, seen, 10)


class _ResNet(nn.Module):
    """ResNet-50 without its end, with the stride in the middle of a block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = FrozenNorm(width)
        inputs = width
        for place, blocks in enumerate(_BLOCKS):
            inner, stride = width * 2**place, 1 if place == 0 else 2
            first = _Block(inputs, inner, stride)
            inputs = inner * _GROWTH
            rest = (_Block(inputs, inner, 1) for _ in range(blocks - 1))
            self.add_module(f"layer{place + 1}", nn.Sequential(first, *rest))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of the last three stages."""
        x = functional.max_pool2d(self.bn1(self.conv1(x)).relu(), 3, 2, 1)
        answers: list[Tensor] = []
        for place in range(len(_BLOCKS)):
            x = self.get_submodule(f"layer{place + 1}")(x)
            answers.append(x)
        return answers[1:]


class _Block(nn.Module):
    def __init__(self, inputs: int, inner: int, stride: int) -> None:
        super().__init__()
        outputs = inner * _GROWTH
        self.conv1, self.bn1 = nn.Conv2d(inputs, inner, 1, bias=False), FrozenNorm(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, bias=False)
        self.bn2 = FrozenNorm(inner)
        self.conv3, self.bn3 = nn.Conv2d(inner, outputs, 1, bias=False), FrozenNorm(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, FrozenNorm(outputs))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn1(self.conv1(x)).relu()
        inner = self.bn2(self.conv2(inner)).relu()
        return (self.bn3(self.conv3(inner)) + self.downsample(x)).relu()


class _Pyramid(nn.Module):
    def __init__(self, inputs: Sequence[int], features: int) -> None:
        super().__init__()
        self.output1, self.output2, self.output3 = (
            _convolution(channels, features, 1) for channels in inputs
        )
        self.merge1, self.merge2 = (_convolution(features, features) for _ in range(2))

    def forward(self, seen: Sequence[Tensor]) -> list[Tensor]:
        fine, middle = self.output1(seen[0]).relu(), self.output2(seen[1]).relu()
        coarse = self.output3(seen[2]).relu()
        middle = self.merge2(middle + _as_large_as(middle, coarse)).relu()
        fine = self.merge1(fine + _as_large_as(fine, middle)).relu()
        return [fine, middle, coarse]


class _Context(nn.Module):
    """Sight of 3 × 3, 5 × 5 and 7 × 7 cells, by convolutions of 3 × 3 on each other."""

    def __init__(self, features: int) -> None:
        super().__init__()
        half, quarter = features // 2, features // 4
        self.conv3X3 = _convolution(features, half)
        self.conv5X5_1 = _convolution(features, quarter)
        self.conv5X5_2 = _convolution(quarter, quarter)
        self.conv7X7_2 = _convolution(quarter, quarter)
        self.conv7x7_3 = _convolution(quarter, quarter)

    def forward(self, x: Tensor) -> Tensor:
        wider = self.conv5X5_1(x).relu()
        widest = self.conv7x7_3(self.conv7X7_2(wider).relu())
        return torch.cat([self.conv3X3(x), self.conv5X5_2(wider), widest], 1).relu()


class _Head(nn.Module):
    def __init__(self, features: int, numbers: int) -> None:
        super().__init__()
        self.conv1x1 = nn.Conv2d(features, ANCHORS * numbers, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv1x1(x)


def _convolution(inputs: int, outputs: int, side: int = 3) -> nn.Sequential:
    weights = nn.Conv2d(inputs, outputs, side, 1, side // 2, bias=False)
    return nn.Sequential(weights, FrozenNorm(outputs))


def _heads(features: int, numbers: int) -> nn.ModuleList:
    return nn.ModuleList(_Head(features, numbers) for _ in range(3))


def _answers(heads: nn.ModuleList, seen: Sequence[Tensor], numbers: int) -> Tensor:
    answers = (head(level) for head, level in zip(heads, seen, strict=True))
    return torch.cat([a.permute(0, 2, 3, 1).reshape(len(a), -1, numbers) for a in answers], 1)


def _as_large_as(wanted: Tensor, coarse: Tensor) -> Tensor:
    return functional.interpolate(coarse, wanted.shape[-2:], mode="nearest")
