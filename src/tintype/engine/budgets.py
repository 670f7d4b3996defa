"""How many rows a pass may have: from what passes took, and from the memory there is.

More rows make a pass longer; up to a knee they also make each row cheaper. Passes are measured in
buckets of 1, 2, 4, … rows. The budget is the largest bucket that was still worth its length, or
the next one where that is not known yet; less where memory ends before. What was not worth it is
tried again now and then: the machine may have been busy with something else.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count, pairwise

import torch

from tintype.core.measures import Kind, Measure
from tintype.core.orders import (
    Decode,
    Denoise,
    Encode,
    EncodePixels,
    FindFaces,
    Glance,
    Order,
    RestoreFace,
    Upscale,
)

WORTH = 1.03  # rows per second in a bucket against those in the one half as large
MOST_ROWS = 128
_FIRST_ROWS = 8  # of 64 × 64 cells, in a pass of a shape that was never measured
_RETRY_PASSES = 256
_FIRST_SEEN = 2  # passes until a bucket is believed; the first one allocates and plans
_LOOKS = 32  # one pass in so many is looked at closely, for that makes it wait
_RECENT = 0.3  # weight of the last pass in a mean
_MEMORY_SHARE = 0.8  # of what is free
_CELLS = 64 * 64  # of a latent of 512 × 512 pixels


@dataclass(frozen=True, slots=True)
class Shape:
    """Passes that are comparable."""

    checkpoint: str
    kind: Kind
    height: int
    width: int


@dataclass(slots=True)
class _Bucket:
    passes: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def is_known(self) -> bool:
        return self.passes >= _FIRST_SEEN


@dataclass(slots=True)
class Budgets:
    """Measured passes, and the budgets that follow.

    Attributes:
        max_rows: in one pass, whatever was measured.
        free_bytes: memory that passes may take just now.
    """

    max_rows: int = MOST_ROWS
    free_bytes: Callable[[], int] | None = None
    _looks: Iterator[int] = field(default_factory=count)
    _buckets: dict[Shape, dict[int, _Bucket]] = field(
        default_factory=dict[Shape, dict[int, _Bucket]]
    )

    def rows_for(self, order: Order) -> int:
        """Rows that a pass with this order may have."""
        shape = shape_of(order)
        if shape is None:
            return 1
        first = max(1, _FIRST_ROWS * _CELLS // max(shape.height * shape.width, _CELLS))
        if shape.kind != "denoise":
            first = 1  # autoencoders and upscalers work at many times the size
        buckets = self._buckets.get(shape, {})
        most = min(_knee(buckets, first), self.max_rows)
        if most > max(buckets, default=0):  # what has been run did fit
            most = min(most, self._most_in_memory(buckets))
        return max(1, most)

    def is_due(self, order: Order, rows: int, device: torch.device) -> bool:
        """Whether a pass is to be measured: on a CPU always, on a GPU at first and now and then."""
        if shape_of(order) is None or device.type == "cpu":
            return shape_of(order) is not None
        return self.wants_memory(order, rows) or next(self._looks) % _LOOKS == 0

    def wants_memory(self, order: Order, rows: int) -> bool:
        """Whether the highest memory of a pass is to be found: at first, and now and then."""
        shape = shape_of(order)
        bucket = self._buckets.get(shape, {}).get(bucket_of(rows)) if shape else None
        return bucket is None or not bucket.is_known or bucket.passes % _LOOKS == 0

    def note(self, order: Order, rows: int, seconds: float, peak_bytes: int = 0) -> None:
        """A pass with this order among its rows took so long."""
        shape = shape_of(order)
        if shape is None:
            return
        bucket = self._buckets.setdefault(shape, {}).setdefault(bucket_of(rows), _Bucket())
        scaled = seconds * bucket_of(rows) / rows
        known = bucket.is_known
        bucket.seconds = bucket.seconds + _RECENT * (scaled - bucket.seconds) if known else scaled
        bucket.passes += 1
        bucket.peak_bytes = max(bucket.peak_bytes, peak_bytes)

    def too_large(self, order: Order, rows: int) -> None:
        """A pass of so many rows did not fit in memory: go below from now on."""
        shape = shape_of(order)
        if shape is not None:
            buckets = self._buckets.setdefault(shape, {})
            buckets[bucket_of(rows)] = _Bucket(_FIRST_SEEN, float("inf"))

    def measures(self) -> tuple[Measure, ...]:
        """What is known, for whoever forecasts."""
        return tuple(
            Measure(
                s.checkpoint, s.kind, s.height, s.width, rows, b.passes, b.seconds, b.peak_bytes
            )
            for s, buckets in self._buckets.items()
            for rows, b in sorted(buckets.items())
            if b.seconds != float("inf")
        )

    def learn(self, measures: tuple[Measure, ...]) -> None:
        """Begin with what an earlier process measured."""
        for m in measures:
            shape = Shape(m.checkpoint, m.kind, m.height, m.width)
            bucket = _Bucket(m.passes, m.seconds, m.peak_bytes)
            self._buckets.setdefault(shape, {})[m.rows] = bucket

    def _most_in_memory(self, buckets: dict[int, _Bucket]) -> int:
        each = max((b.peak_bytes / rows for rows, b in buckets.items()), default=0.0)
        if self.free_bytes is None or each == 0:
            return MOST_ROWS
        return int(self.free_bytes() * _MEMORY_SHARE / each)


def bucket_of(rows: int) -> int:
    """The power of two that holds so many rows."""
    return 1 << (rows - 1).bit_length()


def shape_of(order: Order) -> Shape | None:
    """What a pass with this order is compared with; None for what is not measured."""
    match order:
        case Denoise(x=x, network=network) if network is not None:
            return Shape(network.checkpoint.stem, "denoise", x.shape[-2], x.shape[-1])
        case Decode(network=network, latent=latent):
            return Shape(network.checkpoint.stem, "decode", latent.shape[-2], latent.shape[-1])
        case EncodePixels(network=network, pixels=pixels):
            h, w = pixels.shape[-2] // 8, pixels.shape[-1] // 8
            return Shape(network.checkpoint.stem, "encode pixels", h, w)
        case Upscale(upscaler=upscaler, pixels=pixels):
            h, w = (-(-side // 8) for side in pixels.shape[-2:])
            return Shape(upscaler.path.stem, "upscale", h, w)
        case FindFaces(detector=detector, pixels=pixels):
            h, w = (-(-side // 8) for side in pixels.shape[-2:])
            return Shape(detector.path.stem, "find faces", h, w)
        case RestoreFace(restorer=restorer, pixels=pixels):
            h, w = (side // 8 for side in pixels.shape[-2:])
            return Shape(restorer.path.stem, "restore face", h, w)
        case Denoise() | Encode() | Glance():
            return None


def _knee(buckets: dict[int, _Bucket], first: int) -> int:
    """Rows up to which more of them pay, or the next bucket to be tried."""
    known = sorted(rows for rows, bucket in buckets.items() if bucket.is_known)
    if not known:
        return first
    best = known[0]
    for smaller, larger in pairwise(known):
        doublings = (larger // smaller).bit_length() - 1
        gain = (larger / buckets[larger].seconds) / (smaller / buckets[smaller].seconds)
        if gain < WORTH**doublings:
            tries_again = buckets[best].passes % _RETRY_PASSES == 0
            did_fit = buckets[larger].seconds != float("inf")
            return larger if tries_again and did_fit else best
        best = larger
    return max(2 * best, first)
