"""Calls about finished pictures: what they say of themselves, and making them larger."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, field_validator

from tintype.core.enlarging import Enlargement, ExtrasSettings
from tintype.core.faces import FaceSettings
from tintype.core.jobs import Painted
from tintype.errors import Cancelled, InvalidRequest
from tintype.planning import Library
from tintype.prompt.parameters import parse_parameters
from tintype.server.calls.admitting import admission_for, admitted
from tintype.server.calls.blocking import ended, server_timing, wish_of
from tintype.server.calls.later import accepted
from tintype.server.errors import JOB_HEADER
from tintype.server.sdapi.answering.encoding import way_of
from tintype.server.sdapi.asking.lenient import Boolean, Integer, Number, Text
from tintype.server.sdapi.enlarging import (
    Asked,
    enlarged_file,
    enlarged_here,
    enlargements,
    needs_worker,
    note_of,
)
from tintype.server.sdapi.tasks import only
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import Identity, IdentityOf

if TYPE_CHECKING:
    from PIL import Image

router = APIRouter()

_LARGEST_SCALE = 8.0


class PngInfoBody(BaseModel):
    """Body of POST /sdapi/v1/png-info."""

    image: Text


class ExtrasBody(BaseModel):
    """What both calls that enlarge pictures may bring; names and defaults are A1111's."""

    resize_mode: Integer = 0
    show_extras_results: Boolean = True
    gfpgan_visibility: Number = Field(0, ge=0, le=1)
    codeformer_visibility: Number = Field(0, ge=0, le=1)
    codeformer_weight: Number = Field(0, ge=0, le=1)
    upscaling_resize: Number = Field(2, gt=0, le=_LARGEST_SCALE)
    upscaling_resize_w: Integer = Field(512, ge=1)
    upscaling_resize_h: Integer = Field(512, ge=1)
    upscaling_crop: Boolean = True
    upscaler_1: Text = "None"
    upscaler_2: Text = "None"
    extras_upscaler_2_visibility: Number = Field(0, ge=0, le=1)
    upscale_first: Boolean = False

    @field_validator("resize_mode")
    @classmethod
    def _is_a_mode(cls, value: int) -> int:
        if value not in (0, 1):
            raise ValueError("expected 0 (by a factor) or 1 (to a size)")
        return value


class ExtrasSingleBody(ExtrasBody):
    """Body of POST /sdapi/v1/extra-single-image."""

    image: Text = ""


class FileData(BaseModel):
    """A picture and its name."""

    data: Text
    name: Text = ""


class ExtrasBatchBody(ExtrasBody):
    """Body of POST /sdapi/v1/extra-batch-images."""

    imageList: list[FileData]  # noqa: N815 - A1111's name


@router.post("/png-info", summary="What a picture says of how it was made")
def png_info(body: PngInfoBody, services: ServicesOf) -> dict[str, Any]:
    """Infotext, all other texts, and the infotext taken apart, with A1111's defaults."""
    from tintype.imaging import decoded, infotext_in

    infotext, items = infotext_in(decoded(body.image, "image"))
    if infotext is None:
        return {"info": "", "items": items, "parameters": {}}
    options = services.options.with_overrides({})
    parameters = parse_parameters(
        infotext,
        styles=tuple(Library(services.models).styles().values()),
        skipped=options["infotext_skip_pasting"],
    )
    return {"info": infotext, "items": items, "parameters": parameters}


@dataclass(frozen=True, slots=True)
class _Made:
    """What a call comes to.

    Attributes:
        note: how the pictures were enlarged.
        files: one for each picture; of an interrupted call those that were finished.
        headers: of the answer.
    """

    note: str
    files: list[bytes]
    headers: Mapping[str, str]


@router.post("/extra-single-image", summary="Enlarge a picture")
async def extra_single_image(
    body: ExtrasSingleBody, request: Request, services: ServicesOf, identity: IdentityOf
) -> Response:
    """By a factor or to a size, with one upscaler or a blend of two; then faces are restored.

    What needs a network is a job; headers are as for `txt2img`.
    """
    asked = await _asked(body, [body.image], "image", services)
    made = await _made(body, asked, request, services, identity)
    if isinstance(made, Response):
        return made
    if not made.files:
        raise Cancelled("interrupted before there was a picture to answer with")
    image = b64encode(made.files[0]).decode("ascii") if body.show_extras_results else ""
    return _answer({"html_info": f"<p>{made.note}</p>", "image": image}, made)


@router.post("/extra-batch-images", summary="Enlarge several pictures")
async def extra_batch_images(
    body: ExtrasBatchBody, request: Request, services: ServicesOf, identity: IdentityOf
) -> Response:
    """All in the same way, in one job."""
    if not body.imageList:
        raise InvalidRequest("imageList", "there is no picture in it; send at least one")
    asked = await _asked(body, [file.data for file in body.imageList], "imageList", services)
    made = await _made(body, asked, request, services, identity)
    if isinstance(made, Response):
        return made
    files = made.files if body.show_extras_results else []
    images = [b64encode(file).decode("ascii") for file in files]
    return _answer({"html_info": f"<p>{made.note}</p>", "images": images}, made)


async def _asked(
    body: ExtrasBody, pictures: Sequence[str], field: str, services: Services
) -> Asked:
    fetcher = services.trust.fetcher
    return Asked(
        pictures=tuple([await fetcher.as_base64(one, field) for one in pictures]),
        settings=_settings(body),
        field=field,
        scale_field="upscaling_resize",
        size_field="upscaling_resize_w",
    )


async def _made(
    body: ExtrasBody, asked: Asked, request: Request, services: Services, identity: Identity
) -> _Made | Response:
    """The files, or another answer where nobody waits for them."""
    wish = wish_of(request)
    plans = await asyncio.to_thread(enlargements, asked, services)
    if not needs_worker(plans):
        files = await asyncio.to_thread(_files_made_here, plans, services)
        return _Made(note_of(plans[0]), files, {})
    call = "extra-batch-images" if isinstance(body, ExtrasBatchBody) else "extra-single-image"
    said = body.model_dump(exclude_unset=True)
    admission = await asyncio.to_thread(admission_for, plans, f"sdapi/{call}", said, identity, wish)
    job_id = await admitted(admission, request, services, identity)
    if wish.is_async:
        return accepted(only(await services.jobs.view(job_id), job_id))
    view = await ended(request, services.jobs, job_id, keeps=wish.keeps)
    painted = await services.jobs.pictures(job_id)
    files = await asyncio.to_thread(_files_made_there, painted, plans, services)
    return _Made(note_of(plans[0]), files, {JOB_HEADER: job_id} | server_timing(view))


def _files_made_here(plans: Sequence[Enlargement], services: Services) -> list[bytes]:
    return [_file(enlarged_here(plan), plan, services) for plan in plans]


def _files_made_there(
    painted: Mapping[int, Painted], plans: Sequence[Enlargement], services: Services
) -> list[bytes]:
    from tintype.imaging import picture_of

    return [
        _file(picture_of(one.pixels), plans[image], services)
        for image, one in sorted(painted.items())
    ]


def _file(picture: "Image.Image", plan: Enlargement, services: Services) -> bytes:
    options = services.options.with_overrides({})
    return enlarged_file(picture, plan, way_of(options, options["samples_format"]), options)


def _settings(body: ExtrasBody) -> ExtrasSettings:
    mode: Literal[0, 1] = 1 if body.resize_mode else 0
    return ExtrasSettings(
        resize_mode=mode,
        scale=body.upscaling_resize,
        width=body.upscaling_resize_w,
        height=body.upscaling_resize_h,
        crops=body.upscaling_crop,
        upscaler=body.upscaler_1,
        second_upscaler=body.upscaler_2,
        second_visibility=body.extras_upscaler_2_visibility,
        faces=tuple(_faces(body)),
    )


def _faces(body: ExtrasBody) -> Iterator[FaceSettings]:
    """GFPGAN's come first, as in A1111."""
    if body.gfpgan_visibility > 0:
        yield FaceSettings("GFPGAN", visibility=body.gfpgan_visibility)
    if body.codeformer_visibility > 0:
        yield FaceSettings("CodeFormer", body.codeformer_weight, body.codeformer_visibility)


def _answer(content: Mapping[str, Any], made: _Made) -> Response:
    return Response(json.dumps(content), media_type="application/json", headers=dict(made.headers))
