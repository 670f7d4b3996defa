"""The calls that fetch what a job has made: pictures, events, A1111's answer."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response, StreamingResponse

from tintype.core.enlarging import AnyPlan, Enlargement
from tintype.core.jobs import Painted, Pixels, Preview
from tintype.errors import InvalidRequest, NotNow
from tintype.jobs import FINAL, JobView
from tintype.planning import infotext_for
from tintype.server.errors import JOB_HEADER
from tintype.server.native.jobs.events import Kind, event_stream, jpeg_of
from tintype.server.native.jobs.keeping import asked_again
from tintype.server.native.jobs.routes import JobId, check_image, own_job
from tintype.server.sdapi.answering.answers import answer_about
from tintype.server.sdapi.answering.encoding import way_of, written
from tintype.server.sdapi.enlarging import enlarged_file
from tintype.server.sdapi.options.telling import shown_by
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import IdentityOf

if TYPE_CHECKING:
    pass

router = APIRouter()

PARTIAL_HEADER = "X-Tintype-Partial"
"""Of a picture that was stopped before its end: "draft" or "interrupted"."""

Format = Literal["png", "jpeg", "webp", "avif"]
_NEGOTIATED: dict[str, Format] = {"image/jpeg": "jpeg", "image/webp": "webp"}
_NO_STORE = {"Cache-Control": "no-store"}
_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture",
        "content": {f"image/{kind}": {} for kind in ("png", "jpeg", "webp", "avif")},
    },
    409: {"description": "The image is not finished yet, or never will be"},
}
_EVENT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "event": {"enum": list(get_args(Kind))},
        "id": {"type": "string", "description": "counts from 1"},
        "data": {"type": "string", "description": "JSON: a job, or a preview"},
    },
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `state`, `progress`, `preview`, `image` and `end`",
        "content": {"text/event-stream": {"schema": _EVENT}},
    }
}


@router.get(
    "/jobs/{job_id}/images/{image}",
    summary="Fetch a picture",
    response_class=Response,
    responses=_PICTURE,
)
async def picture(
    job_id: JobId,
    image: Annotated[int, Path(description="its number, from 0")],
    services: ServicesOf,
    identity: IdentityOf,
    format: Annotated[  # noqa: A002 - the caller's word
        Format | None, Query(description="kind of file; else as Accept asks, else png")
    ] = None,
    beside: Annotated[
        int | None,
        Query(description="what came with it, from 0: its mask, what was repainted alone, turns"),
    ] = None,
    quality: Annotated[
        int | None,
        Query(ge=1, le=100, description="of all but png; else the option jpeg_quality"),
    ] = None,
    accept: Annotated[str, Header(description="image/webp and image/jpeg are heard")] = "*/*",
) -> Response:
    """With infotext in the file. `X-Tintype-Partial` marks drafts and interrupted pictures."""
    view = await own_job(job_id, services, identity)
    check_image(view, image)
    painted = await services.jobs.picture(job_id, image)
    if painted is None:
        raise NotNow(_why_none(view, image))
    plans = await services.jobs.planned(job_id)
    kind = format or negotiated(accept)
    pixels = _chosen(painted, beside)
    data = await asyncio.to_thread(picture_file, pixels, plans[image], kind, services, quality)
    headers = {JOB_HEADER: job_id, "Vary": "Accept", **_caching(view, painted)}
    return Response(data, media_type=f"image/{kind}", headers=headers)


@router.get(
    "/jobs/{job_id}/events",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses=_STREAM,
)
async def events(
    *,
    job_id: JobId,
    services: ServicesOf,
    identity: IdentityOf,
    previews: Annotated[
        bool, Query(description="with previews, one a second of each image")
    ] = False,
) -> StreamingResponse:
    """Server-sent events; each is a whole snapshot, and the last one is `end`."""
    await own_job(job_id, services, identity)
    changes: AsyncGenerator[JobView | Preview] = services.jobs.changes(job_id, previews)
    stream = event_stream(changes, services.ending, jpeg_of)
    headers = {JOB_HEADER: job_id, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


@router.get(
    "/jobs/{job_id}/answer",
    summary="Fetch A1111's answer",
    responses={409: {"description": "The job is not over, or came in another form"}},
)
async def answer(job_id: JobId, services: ServicesOf, identity: IdentityOf) -> Response:
    """Of a job of the form `sdapi`: what the blocking call would have answered."""
    view = await own_job(job_id, services, identity)
    kept = json.loads(view.request)
    if not view.dialect.startswith("native") or "answer" not in kept:
        raise NotNow("only jobs made with the field sdapi have such an answer")
    if view.state not in FINAL:
        raise NotNow(f"there is no answer yet: the job is {view.state}")
    if view.state == "failed" and view.error is not None:
        raise view.error
    plans = await services.jobs.plans(job_id)
    content = await answer_about(view, asked_again(kept), plans, services, keeps=False)
    return Response(content, media_type="application/json", headers={JOB_HEADER: job_id})


def picture_file(
    pixels: Pixels, plan: AnyPlan, kind: Format, services: Services, quality: int | None = None
) -> bytes:
    """A picture of a job as a file, with infotext as the server's options have it.

    Belongs in a thread.

    Args:
        quality: 1 … 100 for all but PNG; None for what the options say.
    """
    from tintype.imaging import picture_of  # not needed to answer the door

    options = services.options.with_overrides({})
    image, way = picture_of(pixels), way_of(options, kind)
    way = way if quality is None else replace(way, quality=quality)
    if isinstance(plan, Enlargement):
        return enlarged_file(image, plan, way, options)
    if not options["enable_pnginfo"]:
        return written(image, None, way)
    return written(image, infotext_for(plan, services.version, shown_by(options)), way)


def negotiated(accept: str) -> Format:
    """PNG wherever it is welcome, or else the best of those that are.

    So a browser, which takes anything, gets the file that keeps every bit and its infotext.
    """
    wishes = [_wish(part) for part in accept.split(",")]
    welcome = [kind for kind, weight in wishes if weight > 0]
    if any(kind in ("image/png", "image/*", "*/*", "") for kind in welcome):
        return "png"
    ranked = sorted(wishes, key=lambda wish: -wish[1])
    kinds: list[Format] = [
        _NEGOTIATED[kind] for kind, weight in ranked if weight > 0 and kind in _NEGOTIATED
    ]
    kinds.append("png")
    return kinds[0]


def _wish(part: str) -> tuple[str, float]:
    kind, _, parameters = part.partition(";")
    weight = parameters.replace(" ", "").partition("q=")[2]
    try:
        return kind.strip().lower(), float(weight) if weight else 1.0
    except ValueError:
        return kind.strip().lower(), 1.0


def _why_none(view: JobView, image: int) -> str:
    if view.state in FINAL:
        why = f": {view.error}" if view.error is not None else ""
        return f"the job is {view.state} and has no image {image}{why}"
    done, steps = view.steps[image]
    far = f", step {done} of {steps}" if steps else ""
    return f"image {image} is not finished: the job is {view.state}{far}"


def _chosen(painted: Painted, beside: int | None) -> Pixels:
    if beside is None:
        return painted.pixels
    if not painted.beside:
        raise InvalidRequest("beside", "nothing came with this picture")
    if not 0 <= beside < len(painted.beside):
        last = len(painted.beside) - 1
        raise InvalidRequest("beside", f"expected a number from 0 to {last}, got {beside}")
    return painted.beside[beside]


def _caching(view: JobView, painted: Painted) -> dict[str, str]:
    """A draft will be another picture under the same address."""
    if not painted.is_partial:
        return _FOR_EVER
    return {PARTIAL_HEADER: "interrupted" if view.draft_steps is None else "draft", **_NO_STORE}
