"""Pictures of an answer as files, each made once for each way it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tintype.server.sdapi.answering.pages import Picture
from tintype.server.sdapi.options import Effective

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Way:
    """How a file is written; see `imaging.encoded`."""

    kind: str
    quality: int
    webp_lossless: bool
    png_level: int


def way_of(options: Effective, kind: str) -> Way:
    """The way options ask for.

    Args:
        kind: of file, "png", "jpg" and so on.
    """
    return Way(kind, options["jpeg_quality"], options["webp_lossless"], options["png_level"])


class Files:
    """Files of pictures. Not for several threads at once.

    Args:
        has_infotext: it is written into them.
    """

    def __init__(self, *, has_infotext: bool) -> None:
        self._has_infotext = has_infotext
        self._made: dict[tuple[int, Way], tuple[Picture, bytes]] = {}

    def of(self, picture: Picture, way: Way) -> bytes:
        """The picture as a file. Raises as `imaging.encoded`."""
        key = (id(picture), way)  # the picture is kept beside, so its id is nobody else's
        if key not in self._made:
            self._made[key] = picture, self.fresh(picture.image, picture.infotext, way)
        return self._made[key][1]

    def fresh(self, image: "Image.Image", infotext: str, way: Way) -> bytes:
        """A file that is asked for once. Raises as `imaging.encoded`."""
        return written(image, infotext if self._has_infotext else None, way)


def written(
    image: "Image.Image", infotext: str | None, way: Way, texts: Mapping[str, str] | None = None
) -> bytes:
    """A picture as a file. Raises as `imaging.encoded`."""
    from tintype.imaging import encoded  # not needed to answer the door

    more: dict[str, Any] = {} if texts is None else {"texts": texts}
    return encoded(
        image,
        way.kind,
        infotext,
        quality=way.quality,
        webp_lossless=way.webp_lossless,
        png_level=way.png_level,
        **more,
    )
