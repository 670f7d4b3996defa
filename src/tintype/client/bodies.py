"""From keyword arguments to the body of a job."""

from collections.abc import Mapping

from tintype.client.fields import Beginning, Editing, Masking
from tintype.client.files import as_text, size_of

_MASK_PREFIX = "mask_"
_BEGINNING = frozenset(Beginning.__annotations__)
_MASKING = frozenset(Masking.__annotations__)


def job_body(
    prompt: str, fields: Editing, image: bytes | str | None, mask: bytes | str | None
) -> dict[str, object]:
    """The body of `POST /v1/jobs`.

    Args:
        image: file or address of the picture to begin with; sizes left out are its own then.
        mask: the same of a mask, white where the picture is repainted.

    Raises:
        TypeError: something is said of a picture or a mask that is not there.
    """
    _require(image, "image", fields, _BEGINNING)
    _require(mask, "mask", fields, _MASKING)
    if mask is not None and image is None:
        raise TypeError("a mask without an image: there is nothing to repaint")
    chosen = _BEGINNING | _MASKING
    body = {"prompt": prompt} | {key: v for key, v in fields.items() if key not in chosen}
    if image is None:
        return body
    has_size = bool(body.keys() & {"width", "height"})
    return body | ({} if has_size else size_of(image)) | {"init": _init(fields, image, mask)}


def _init(
    fields: Mapping[str, object], image: bytes | str, mask: bytes | str | None
) -> dict[str, object]:
    init: dict[str, object] = {key: fields[key] for key in _BEGINNING & fields.keys()}
    init["picture"] = as_text(image)
    if mask is not None:
        told = {key.removeprefix(_MASK_PREFIX): fields[key] for key in _MASKING & fields.keys()}
        init["mask"] = told | {"picture": as_text(mask)}
    return init


def _require(
    picture: bytes | str | None, what: str, fields: Mapping[str, object], names: frozenset[str]
) -> None:
    said = sorted(names & fields.keys())
    if picture is None and said:
        raise TypeError(f"{', '.join(said)}: there is no {what} this could be about")
