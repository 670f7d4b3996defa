"""Pictures that are only made larger: from what somebody sent to plans, and to files at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tintype.core.enlarging import Enlargement, ExtrasSettings
from tintype.core.upscalers import Size, sizes_on_the_way, upscaled_size
from tintype.errors import InvalidRequest
from tintype.planning import Library, enlargement
from tintype.server.sdapi.answering.encoding import Way, written
from tintype.server.sdapi.asking.upscaling import tiles_of
from tintype.server.sdapi.options import Effective
from tintype.server.services import Services

if TYPE_CHECKING:
    from PIL import Image

_NOTE = "postprocessing"  # the PNG text that says how a picture was enlarged
_MOST_ON_THE_WAY = 4  # times as many pixels as a finished picture may have


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants made larger, in all the words they used.

    Attributes:
        pictures: as base64 or data URIs, at least one.
        settings: how.
        field: what the pictures are called.
        scale_field: what the factor is called.
        size_field: what the width is called.
    """

    pictures: tuple[str, ...]
    settings: ExtrasSettings
    field: str = "image"
    scale_field: str = "scale"
    size_field: str = "width"


def enlargements(asked: Asked, services: Services) -> tuple[Enlargement, ...]:
    """A plan for each picture. Unpacks them, so it belongs in a thread.

    Raises:
        InvalidRequest: a picture cannot be read, or would be larger than any that is.
        UnknownName: there is no such upscaler.
        ModelError: the files for restoring faces are not there.
    """
    from tintype.imaging import decoded, picture_from

    tiles = tiles_of(services.options.with_overrides({}))
    planned = enlargement(b"", asked.settings, Library(services.models), tiles)
    plans: list[Enlargement] = []
    for text in asked.pictures:
        file = decoded(text, asked.field)
        _check_size(asked, planned, picture_from(file, asked.field).size)
        plans.append(replace(planned, picture=file))
    return tuple(plans)


def needs_worker(plans: Sequence[Enlargement]) -> bool:
    """Whether a network is asked; what else there is to do takes no time."""
    return any(plan.network or plan.second_network or plan.faces for plan in plans)


def enlarged_here(plan: Enlargement) -> "Image.Image":
    """The picture of a plan that asks no network."""
    from tintype.imaging import extras, flattened, picture_from

    return extras(flattened(picture_from(plan.picture, "image")), plan.settings)


def enlarged_file(picture: "Image.Image", plan: Enlargement, way: Way, options: Effective) -> bytes:
    """An enlarged picture as a file, with the texts it came with and how it was enlarged."""
    from tintype.imaging import infotext_in

    if not options["enable_pnginfo"]:
        return written(picture, None, way, {})
    infotext, texts = infotext_in(plan.picture)
    return written(picture, infotext, way, _with_note(texts, note_of(plan)))


def note_of(plan: Enlargement) -> str:
    """How a picture is enlarged, as A1111 says it."""
    from tintype.imaging import extras_note

    return extras_note(plan.settings)


def _with_note(texts: Mapping[str, str], note: str) -> dict[str, str]:
    return {**texts, _NOTE: note} if note else dict(texts)


def _check_size(asked: Asked, planned: Enlargement, size: Size) -> None:
    """Refuse what would be larger than any picture that is read back, or on the way there."""
    from tintype.imaging.read import MOST_PIXELS

    settings = planned.settings
    is_by_factor = settings.resize_mode == 0
    field = asked.scale_field if is_by_factor else asked.size_field
    factor = settings.factor_for(*size)
    if settings.upscaler == "None" and is_by_factor:
        return
    goal = upscaled_size(size, factor)
    canvas = (1, 1) if is_by_factor else (settings.width, settings.height)
    if max(_pixels(goal), _pixels(canvas), factor**2 * _pixels(size)) > MOST_PIXELS:
        raise InvalidRequest(
            field, f"the picture would have more than the {MOST_PIXELS} pixels allowed"
        )
    if min(size) * factor < 1:
        raise InvalidRequest(field, "nothing would be left of the picture")
    for network in (planned.network, planned.second_network):
        scale = 1 if network is None else network.record.scale
        largest = sizes_on_the_way(size, factor, scale)[-1]
        if _pixels(largest) > _MOST_ON_THE_WAY * MOST_PIXELS:
            width, height = largest
            what = f"{width} × {height} pixels before it is brought to size, which is too large"
            raise InvalidRequest(field, f"the picture would have {what}")


def _pixels(size: Size) -> int:
    return size[0] * size[1]
