"""OpenAI's calls for pictures, and the pictures their answers give the addresses of."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel

from tintype.errors import NotNow, UnknownJob
from tintype.server.calls.blocking import ended, server_timing
from tintype.server.errors import JOB_HEADER, Failure, error_body
from tintype.server.native.jobs.pictures import picture_file
from tintype.server.openai.answers import PICTURES, ImagesAnswer, images_answer, picture_path
from tintype.server.openai.errors import ErrorAnswer
from tintype.server.openai.fields import (
    EditFields,
    Format,
    GenerationFields,
    ImagesBody,
    VariationFields,
)
from tintype.server.openai.painting import Painting, begun
from tintype.server.openai.reading import read_body
from tintype.server.openai.streaming import picture_stream
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import Identity, IdentityOf

router = APIRouter(tags=["openai"])

_NO_LINK = "this address is not one of ours, or its hour is over; ask for the picture again"
_IMMUTABLE = {"Cache-Control": "private, max-age=3600, immutable"}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": ImagesAnswer,
        "description": "The pictures; with `stream`, events",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    },
    "4XX": {"model": ErrorAnswer, "description": "The caller can mend it"},
    422: {"model": ErrorAnswer, "description": "A value is wrong"},
    "5XX": {"model": ErrorAnswer, "description": "We failed, or cannot just now"},
}
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture",
        "content": {f"image/{kind}": {} for kind in ("png", "jpeg", "webp")},
    },
    403: {"model": Failure, "description": "Not an address of ours, or its time is over"},
}


def _described(body: type[BaseModel], *files: str) -> dict[str, Any]:
    """OpenAPI's words for a body that is read by `read_body`."""
    schema = body.model_json_schema()
    content: dict[str, Any] = {"application/json": {"schema": schema}}
    if files:
        file = {"type": "string", "format": "binary"}
        binary: dict[str, Any] = dict.fromkeys(files, file)
        binary["image"] = {"type": "array", "items": file}
        form = {**schema, "properties": schema["properties"] | binary}
        content = {"multipart/form-data": {"schema": form}, **content}
    return {"requestBody": {"required": True, "content": content}}


@router.post(
    "/v1/images/generations",
    summary="Pictures from a prompt, for OpenAI's clients",
    responses=_ANSWERS,
    openapi_extra=_described(GenerationFields),
)
async def generations(request: Request, services: ServicesOf, identity: IdentityOf) -> Response:
    """Answers when they are finished, or with events on the way.

    Fields of `/sdapi/v1/txt2img` may stand beside OpenAI's own. Headers as for that call.
    """
    body = await read_body(request, GenerationFields)
    return await _answered("generations", body, request, services, identity)


@router.post(
    "/v1/images/edits",
    summary="Pictures from pictures, for OpenAI's clients",
    responses=_ANSWERS,
    openapi_extra=_described(EditFields, "image", "mask"),
)
async def edits(request: Request, services: ServicesOf, identity: IdentityOf) -> Response:
    """Repaint pictures, all of them or where the mask, or else the picture, is see-through.

    Fields of `/sdapi/v1/img2img` may stand beside OpenAI's own. Headers as for that call.
    """
    body = await read_body(request, EditFields)
    return await _answered("edits", body, request, services, identity)


@router.post(
    "/v1/images/variations",
    summary="Pictures like a picture, for OpenAI's clients",
    responses=_ANSWERS,
    openapi_extra=_described(VariationFields, "image"),
)
async def variations(request: Request, services: ServicesOf, identity: IdentityOf) -> Response:
    """By the prompt in the picture's infotext, or by none. Fields and headers as for edits."""
    body = await read_body(request, VariationFields)
    return await _answered("variations", body, request, services, identity)


@router.get(
    f"{PICTURES}/{{job_id}}/{{image}}.{{kind}}",
    summary="Fetch a picture by the address an answer gave",
    response_class=Response,
    responses=_PICTURE,
)
async def picture(
    job_id: Annotated[str, Path(description="id of a job")],
    image: Annotated[int, Path(description="its number, from 0")],
    kind: Annotated[Format, Path(description="of the file")],
    services: ServicesOf,
    expires: Annotated[int, Query(description="Unix seconds", ge=0, le=2**40)],
    signature: Annotated[str, Query(description="ours", max_length=100)],
) -> Response:
    """Without a login, for as long as its signature says. The picture is kept with its job."""
    if not services.links.is_good(picture_path(job_id, image, kind), expires, signature):
        return JSONResponse(error_body("Forbidden", _NO_LINK), 403)
    painted = await services.jobs.picture(job_id, image)
    if painted is None:
        raise UnknownJob(job_id)
    plans = await services.jobs.plans(job_id)
    data = await asyncio.to_thread(picture_file, painted.pixels, plans[image], kind, services)
    return Response(data, media_type=f"image/{kind}", headers=_IMMUTABLE)


async def _answered(
    call: str, body: ImagesBody, request: Request, services: Services, identity: Identity
) -> Response:
    painting = await begun(call, body, request, services, identity)
    headers = {JOB_HEADER: painting.job_id}
    if body.stream:
        headers |= {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        stream = picture_stream(painting, services)
        return StreamingResponse(stream, media_type="text/event-stream", headers=headers)
    return await _whole(painting, request, services, headers)


async def _whole(
    painting: Painting, request: Request, services: Services, headers: dict[str, str]
) -> Response:
    view = await ended(request, services.jobs, painting.job_id, keeps=painting.wish.keeps)
    if not view.finished:
        raise NotNow("the job was interrupted before there was a picture")
    answer = await images_answer(view, painting, services, str(request.base_url).rstrip("/"))
    content = answer.model_dump_json(exclude_none=True)
    return Response(content, media_type="application/json", headers=headers | server_timing(view))
