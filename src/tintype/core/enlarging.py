"""Pictures that are only made larger: how, and what exactly will be done."""

from dataclasses import dataclass
from typing import Literal

from tintype.core.faces import FaceRestoration, FaceSettings
from tintype.core.requests import Plan
from tintype.core.upscalers import UpscalerNetwork


@dataclass(frozen=True, slots=True)
class ExtrasSettings:
    """How a finished picture is enlarged. Defaults are A1111's.

    Attributes:
        resize_mode: 0 makes it larger by `scale`, 1 large enough for `width` × `height`.
        scale: factor of both sides, above 0.
        width: in pixels, at least 1.
        height: in pixels, at least 1.
        crops: with `resize_mode` 1, cut off what stands out of `width` × `height`.
        upscaler: name of the first; with "None" the picture stays as it is.
        second_upscaler: name of another whose picture is blended in, or "None".
        second_visibility: share of that other, 0 … 1.
        faces: restored afterwards, one kind of network after the other.
    """

    resize_mode: Literal[0, 1] = 0
    scale: float = 2.0
    width: int = 512
    height: int = 512
    crops: bool = True
    upscaler: str = "None"
    second_upscaler: str = "None"
    second_visibility: float = 0.0
    faces: tuple[FaceSettings, ...] = ()

    @property
    def has_second(self) -> bool:
        """Whether a second upscaler has any say."""
        return self.second_upscaler != "None" and self.second_visibility > 0

    def factor_for(self, width: int, height: int) -> float:
        """By how much a picture of that size is enlarged."""
        if self.resize_mode == 0:
            return self.scale
        return max(self.width / width, self.height / height)


@dataclass(frozen=True, slots=True)
class Enlargement:
    """One picture made larger, exactly: the plan of a job that paints nothing.

    Attributes:
        picture: the file, PNG or whatever Pillow reads.
        settings: how; the upscalers' names are canonical.
        network: the first upscaler's; None for one that needs none.
        second_network: the second's, likewise.
        faces: the networks that restore faces.
    """

    picture: bytes
    settings: ExtrasSettings
    network: UpscalerNetwork | None = None
    second_network: UpscalerNetwork | None = None
    faces: tuple[FaceRestoration, ...] = ()


AnyPlan = Plan | Enlargement
"""What a job is made of: pictures to be painted, or pictures to be made larger."""
