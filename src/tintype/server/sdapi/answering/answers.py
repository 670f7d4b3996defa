"""The answer to a generation request, as A1111 gives it."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime

from tintype.core.requests import Plan
from tintype.jobs import JobView
from tintype.server.sdapi.answering.encoding import Files, way_of
from tintype.server.sdapi.answering.finished import Finished
from tintype.server.sdapi.answering.info import info_of
from tintype.server.sdapi.answering.pages import Page, page_of
from tintype.server.sdapi.answering.saving import Shelf, keep
from tintype.server.sdapi.asking.asked import Asked
from tintype.server.services import Services


async def answer_about(
    view: JobView, asked: Asked, plans: Sequence[Plan], services: Services, *, keeps: bool = True
) -> bytes:
    """The JSON answer about a job at rest, with the pictures it has.

    Args:
        keeps: what is to be kept on disk is kept; otherwise nothing is written.
    """
    finished = Finished(
        asked,
        tuple(plans),
        await services.jobs.pictures(view.id),
        datetime.fromtimestamp(view.created),
        services.version,
        view.id,
        view.owner,
    )
    shelf = Shelf(services.images, services.gallery) if keeps else None
    return await asyncio.to_thread(render, finished, shelf)


def render(finished: Finished, shelf: Shelf | None = None) -> bytes:
    """The JSON answer. Encodes pictures and may write files, so it belongs in a thread.

    Args:
        shelf: takes what is to be kept; None for nothing.

    Raises:
        SetupError: something cannot be written.
    """
    asked, page = finished.asked, page_of(finished)
    files = Files(has_infotext=asked.options["enable_pnginfo"])
    images = _sent(asked, page, files) if asked.body.send_images else []
    if shelf is not None:
        keep(finished, page, files, shelf)
        if page.infotexts:
            shelf.images.note(page.infotexts[-1])
    rest: dict[str, object] = {
        "parameters": asked.body.parameters(),
        "info": json.dumps(info_of(finished, page)),
    }
    if warnings := dict.fromkeys(text for plan in finished.plans for text in plan.warnings):
        rest["warnings"] = list(warnings)
    return _json(images, rest)


def _json(images: Sequence[bytes], rest: Mapping[str, object]) -> bytes:
    """Put together by hand: to look for what must be escaped in base64 takes longer than that."""
    listed = b", ".join(b'"%b"' % image for image in images)
    return b'{"images": [%b], %b' % (listed, json.dumps(rest).encode()[1:])


def _sent(asked: Asked, page: Page, files: Files) -> list[bytes]:
    """As base64, in the server's own format, which A1111 has back when it writes the answer."""
    way = way_of(asked.own_options, asked.own_options["samples_format"])
    return [b64encode(files.of(one, way)) for one in page.pictures]
