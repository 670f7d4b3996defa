"""The answer to a generation request, as A1111 gives it."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tintype.core.requests import Plan
from tintype.imagestore import DiskImages
from tintype.jobs import JobView
from tintype.server.sdapi.asking import Asked
from tintype.server.sdapi.fields import Img2ImgBody
from tintype.server.sdapi.finished import Finished
from tintype.server.sdapi.info import info_of
from tintype.server.sdapi.options import Effective
from tintype.server.sdapi.pages import Picture, page_of
from tintype.server.services import Services


async def answer_about(
    view: JobView, asked: Asked, plans: Sequence[Plan], services: Services
) -> bytes:
    """The JSON answer about a job at rest, with the pictures it has."""
    finished = Finished(
        asked,
        tuple(plans),
        await services.jobs.pictures(view.id),
        datetime.fromtimestamp(view.created),
        services.version,
    )
    return await asyncio.to_thread(render, finished, services.images)


def render(finished: Finished, images: DiskImages) -> bytes:
    """The JSON answer. Encodes pictures and may write files, so it belongs in a thread."""
    asked = finished.asked
    page = page_of(finished)
    sent = [_sent(finished, picture) for picture in page.pictures] if asked.body.send_images else []
    if asked.body.save_images:
        _save(finished, [*page.pictures, *page.kept], images)
    answer = {
        "images": [b64encode(data).decode("ascii") for data in sent],
        "parameters": asked.body.parameters(),
        "info": json.dumps(info_of(finished, page)),
    }
    if warnings := dict.fromkeys(text for plan in finished.plans for text in plan.warnings):
        answer["warnings"] = list(warnings)
    return json.dumps(answer).encode()


def _sent(finished: Finished, picture: Picture) -> bytes:
    own = finished.asked.own_options
    return _encoded(finished, picture, own["samples_format"], own)


def _encoded(finished: Finished, picture: Picture, kind: str, options: Effective) -> bytes:
    from tintype.imaging import encoded  # not needed to answer the door

    return encoded(
        picture.image,
        kind,
        picture.infotext if finished.asked.options["enable_pnginfo"] else None,
        quality=options["jpeg_quality"],
        webp_lossless=options["webp_lossless"],
    )


def _save(finished: Finished, pictures: Sequence[Picture], images: DiskImages) -> None:
    """Keep what the options want kept; masks and other things beside are not."""
    options, day = finished.asked.options, finished.began.date()
    tab = "img2img" if isinstance(finished.asked.body, Img2ImgBody) else "txt2img"
    for picture in pictures:
        path: Path | None = None
        if picture.seed is None and options["grid_save"]:
            kind = options["grid_format"]
            data = _encoded(finished, picture, kind, options)
            path = images.save_grid(data, day=day, tab=tab, extension=kind)
        elif picture.seed is not None and not picture.is_beside and options["samples_save"]:
            kind = options["samples_format"]
            data = _encoded(finished, picture, kind, options)
            path = images.save(data, seed=picture.seed, day=day, tab=tab, extension=kind)
        if path is not None and options["save_txt"]:
            images.save_text(f"{picture.infotext}\n", path)
