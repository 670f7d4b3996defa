"""Captions: from a picture in a body to words, for both APIs."""

import asyncio
from dataclasses import dataclass

from fastapi import Request

from tintype.core.captioners import CaptionerRecord, CaptionSettings
from tintype.core.jobs import Pixels
from tintype.modelstore.captioners import find_captioner
from tintype.server.calls.blocking import unless_left
from tintype.server.services import Services


@dataclass(frozen=True, slots=True)
class Caption:
    """What was told.

    Attributes:
        text: without the beginning that all captions of a captioner share.
        captioner: its name.
    """

    text: str
    captioner: str


async def described(
    services: Services,
    request: Request,
    picture: str,
    field: str,
    settings: CaptionSettings,
    name: str | None = None,
) -> Caption:
    """Have a picture described.

    Args:
        services: of the server.
        request: the call, whose body has been read.
        picture: base64, a data URI, or an address where those are allowed.
        field: what an error calls it.
        settings: how.
        name: of the captioner, or None for the first.

    Raises:
        CallerLeft: before the end.
        InvalidRequest: this is no picture.
        UnknownName: there is no such captioner.
        ModelError: there is none, or its file cannot be used.
        BusyError: too many wait, or nobody can compute just now.
    """
    picture = await services.trust.fetcher.as_base64(picture, field)
    captioner, pixels = await asyncio.to_thread(_prepared, services, picture, field, name)
    told = services.worker.describe(captioner, pixels, settings)
    try:
        return Caption(await unless_left(request, told), captioner.name)
    finally:
        told.cancel()


def _prepared(
    services: Services, picture: str, field: str, name: str | None
) -> tuple[CaptionerRecord, Pixels]:
    """The captioner, and the picture as large as it sees, its sides stretched as in BLIP's own."""
    from PIL.Image import Resampling

    from tintype.imaging import decoded, picture_from

    captioner = find_captioner(services.models, name)
    whole = picture_from(decoded(picture, field), field).convert("RGB")
    seen = whole.resize((captioner.side, captioner.side), Resampling.BICUBIC)
    return captioner, Pixels(captioner.side, captioner.side, seen.tobytes())
