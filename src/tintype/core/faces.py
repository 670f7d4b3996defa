"""Faces in pictures, the files of the networks that find and restore them, and what is asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FaceRestorerName = Literal["CodeFormer", "GFPGAN"]
FACE_RESTORERS: tuple[FaceRestorerName, ...] = ("CodeFormer", "GFPGAN")
"""Those there are, in A1111's order; each is a family of files."""

FACE_SIDE = 512
"""Width and height that restorers see a face at, in pixels."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Face:
    """A face that was found, in pixels of the picture; x to the right, y down.

    Attributes:
        box: left, top, right and bottom; may reach beyond the picture.
        confidence: 0 … 1.
        points: the eye on the left, the one on the right, the tip of the nose, the corners of the
            mouth on the left and on the right.
    """

    box: tuple[float, float, float, float]
    confidence: float
    points: tuple[Point, ...]

    def scaled(self, factor: float) -> "Face":
        """The same face in a picture so many times as large."""
        left, top, right, bottom = self.box
        box = (left * factor, top * factor, right * factor, bottom * factor)
        return Face(box, self.confidence, tuple((x * factor, y * factor) for x, y in self.points))


@dataclass(frozen=True, slots=True)
class FaceRestorerRecord:
    """A network that restores faces, on disk.

    Attributes:
        name: which kind it is.
        path: where the file is.
        modified: its modification time, in nanoseconds since 1970.
        bytes: its size.
    """

    name: FaceRestorerName
    path: Path
    modified: int
    bytes: int

    @property
    def version(self) -> tuple[Path, int]:
        """The file as it is now."""
        return self.path, self.modified


@dataclass(frozen=True, slots=True)
class FaceDetectorRecord:
    """A network that finds faces, on disk; fields as for `FaceRestorerRecord`."""

    path: Path
    modified: int
    bytes: int

    @property
    def version(self) -> tuple[Path, int]:
        """The file as it is now."""
        return self.path, self.modified


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """How faces shall be restored.

    Attributes:
        restorer: by which kind of network.
        weight: of CodeFormer: 0 for most effect, 1 for most likeness; GFPGAN does not look at it.
        visibility: share of the restored picture, above 0, up to 1.
        keeps_former: answer with the picture as it was before, too.
    """

    restorer: FaceRestorerName = "CodeFormer"
    weight: float = 0.5
    visibility: float = 1.0
    keeps_former: bool = False


@dataclass(frozen=True, slots=True)
class FaceRestoration:
    """The same with the files of the networks, as a plan has it."""

    restorer: FaceRestorerRecord
    detector: FaceDetectorRecord
    weight: float = 0.5
    visibility: float = 1.0
    keeps_former: bool = False
