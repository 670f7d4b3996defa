"""Upscalers of the ESRGAN family: what their tensors are called in files of all ages, and told.

Nothing here needs weights or torch, so the front knows their scales by the same signs as the
networks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt
from typing import TypeVar

from tintype.errors import ModelError

Shapes = Mapping[str, tuple[int, ...]]
T = TypeVar("T")

LARGEST_SCALE = 16

_CONVOLUTION = 4  # sides of a convolution's weight
_RRDB_SIGNS = ("conv_first.weight", "conv_last.weight", "body.0.rdb1.conv1.weight")
_WRAPPERS = ("module.", "generator.")  # of training in parallel, and of MMagic
_OLD_DENSE = re.compile(r"model\.1\.sub\.(\d+)\.RDB(\d)\.(conv\d|conv1x1)(?:\.0)?\.(weight|bias)$")
_OLD_BODY = re.compile(r"model\.1\.sub\.\d+\.(weight|bias)$")
_OLD_OUTER = re.compile(r"model\.(\d+)\.(weight|bias)$")
_MIDDLE_DENSE = re.compile(r"RRDB_trunk\.(\d+)\.RDB(\d)\.(conv\d|conv1x1)\.(weight|bias)$")
_MIDDLE_OUTER = {"trunk_conv": "conv_body", "HRconv": "conv_hr"}
_MIDDLE_DOUBLING = re.compile(r"upconv(\d)\.(weight|bias)$")
_BLOCK = re.compile(r"body\.(\d+)\.rdb1\.")
_DOUBLING = re.compile(r"conv_up\d+\.weight$")
_LAYER = re.compile(r"body\.(\d+)\.weight$")


@dataclass(frozen=True, slots=True)
class RrdbSizes:
    """What differs between files.

    Attributes:
        channels: of a picture.
        unshuffle: pixels to each side that become channels of one before anything else.
        features: channels inside.
        growth: channels that each convolution of a dense block adds.
        blocks: residual blocks.
        doublings: at the end, each of both sides.
        has_shortcuts: the dense blocks have ESRGAN+'s residuals.
    """

    channels: int
    unshuffle: int
    features: int
    growth: int
    blocks: int
    doublings: int
    has_shortcuts: bool

    @property
    def scale(self) -> int:
        """Factor of both sides."""
        return 2**self.doublings // self.unshuffle


@dataclass(frozen=True, slots=True)
class CompactSizes:
    """What differs between files.

    Attributes:
        channels: of a picture.
        features: channels inside.
        convolutions: between the first and the last.
        scale: factor of both sides.
    """

    channels: int
    features: int
    convolutions: int
    scale: int


def under_our_names(tensors: Mapping[str, T]) -> dict[str, T]:
    """The same under the names of `Rrdb` and `Compact`, as far as they have one.

    Known are the layouts of the first ESRGAN ("model.1.sub.0.RDB1…"), of its second release
    ("RRDB_trunk.0.RDB1…") and of Real-ESRGAN.
    """
    bare = {_unwrapped(name): tensor for name, tensor in tensors.items()}
    outer = _old_outer(bare)
    return {_renamed(name, outer): tensor for name, tensor in bare.items()}


def sizes_of(shapes: Shapes) -> RrdbSizes | CompactSizes | None:
    """How large a network is by its tensors, under our names; None if it is of another kind.

    Raises:
        ModelError: it is one of ours whose channels or scale make no sense.
    """
    return _rrdb_sizes(shapes) or _compact_sizes(shapes)


def _rrdb_sizes(shapes: Shapes) -> RrdbSizes | None:
    first, last, inner = (shapes.get(name, ()) for name in _RRDB_SIGNS)
    if not len(first) == len(last) == len(inner) == _CONVOLUTION:
        return None
    inputs, channels = first[1], last[0]
    unshuffle = isqrt(inputs // channels) if channels else 0
    doublings = sum(_DOUBLING.match(name) is not None for name in shapes)
    if not unshuffle or channels * unshuffle**2 != inputs or 2**doublings % unshuffle:
        raise ModelError(
            f"It takes {inputs} channels, answers with {channels} and doubles {doublings} times,"
            " which fits no upscaler of the ESRGAN family."
        )
    _check_scale(2**doublings // unshuffle)
    return RrdbSizes(
        channels=channels,
        unshuffle=unshuffle,
        features=first[0],
        growth=inner[0],
        blocks=len({found[1] for name in shapes if (found := _BLOCK.match(name))}),
        doublings=doublings,
        has_shortcuts="body.0.rdb1.conv1x1.weight" in shapes,
    )


def _compact_sizes(shapes: Shapes) -> CompactSizes | None:
    layers = sorted(int(found[1]) for name in shapes if (found := _LAYER.match(name)))
    if layers[:2] != [0, 1] or len(shapes["body.1.weight"]) != 1 or len(layers) % 2 == 0:
        return None
    first, last = shapes["body.0.weight"], shapes[f"body.{layers[-1]}.weight"]
    if not len(first) == len(last) == _CONVOLUTION or not first[1]:
        return None
    scale = isqrt(last[0] // first[1])
    if not scale or first[1] * scale**2 != last[0]:
        return None
    _check_scale(scale)
    return CompactSizes(first[1], first[0], (len(layers) - 3) // 2, scale)


def _check_scale(scale: int) -> None:
    if scale > LARGEST_SCALE:
        raise ModelError(f"It enlarges {scale} times; {LARGEST_SCALE} is the most that is used.")


def _unwrapped(name: str) -> str:
    for wrapper in _WRAPPERS:
        name = name.removeprefix(wrapper)
    return name


def _renamed(name: str, outer: Mapping[str, str]) -> str:
    if found := _OLD_DENSE.match(name) or _MIDDLE_DENSE.match(name):
        block, dense, convolution, kind = found.groups()
        return f"body.{block}.rdb{dense}.{convolution}.{kind}"
    if found := _OLD_BODY.match(name):
        return f"conv_body.{found[1]}"
    if found := _MIDDLE_DOUBLING.match(name):
        return f"conv_up{found[1]}.{found[2]}"
    module, dot, kind = name.rpartition(".")
    module = outer.get(module) or _MIDDLE_OUTER.get(module, module)
    return f"{module}{dot}{kind}"


def _old_outer(names: Mapping[str, object]) -> dict[str, str]:
    """The modules around the body in the oldest layout, which numbers them.

    0 is the first; the last two are at the size of the answer; between them are the doublings.
    """
    if "model.1.sub.0.RDB1.conv1.0.weight" not in names:
        return {}
    places = sorted({int(found[1]) for name in names if (found := _OLD_OUTER.match(name))})
    ours = ["conv_first", *(f"conv_up{n + 1}" for n in range(len(places) - 3))]
    ours += ["conv_hr", "conv_last"]
    return {f"model.{place}": name for place, name in zip(places, ours, strict=False)}
