"""Calls about finished pictures: what they say of themselves, and making them larger."""

import json
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field, field_validator

from tintype.errors import InvalidRequest
from tintype.planning import Library
from tintype.prompt.parameters import parse_parameters
from tintype.server.sdapi.lenient import Boolean, Integer, Number, Text
from tintype.server.sdapi.options import Effective
from tintype.server.services import ServicesOf

router = APIRouter()

_NOTE = "postprocessing"  # the PNG text that says how a picture was enlarged
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


@router.post("/extra-single-image", summary="Enlarge a picture")
def extra_single_image(body: ExtrasSingleBody, services: ServicesOf) -> Response:
    """Faces are not restored yet; asking for it is refused."""
    note, data = _enlarged(body, body.image, "image", services.options.with_overrides({}))
    return _answer({"html_info": f"<p>{note}</p>", "image": _base64(body, data)})


@router.post("/extra-batch-images", summary="Enlarge several pictures")
def extra_batch_images(body: ExtrasBatchBody, services: ServicesOf) -> Response:
    """All in the same way; the answer tells of the last one."""
    if not body.imageList:
        raise InvalidRequest("imageList", "there is no picture in it; send at least one")
    options = services.options.with_overrides({})
    done = [_enlarged(body, file.data, "imageList", options) for file in body.imageList]
    images = [_base64(body, data) for _, data in done] if body.show_extras_results else []
    return _answer({"html_info": f"<p>{done[-1][0]}</p>", "images": images})


def _enlarged(body: ExtrasBody, text: str, field: str, options: Effective) -> tuple[str, bytes]:
    """How the picture was enlarged, and its file, which keeps the texts it came with."""
    from tintype.imaging import decoded, encoded, extras, flattened, infotext_in, picture_from

    _refuse_faces(body)
    file = decoded(text, field)
    picture = flattened(picture_from(file, field))
    _check_size(body, picture.size)
    infotext, texts = infotext_in(file)
    picture, note = extras(picture, _settings(body))
    data = encoded(
        picture,
        options["samples_format"],
        infotext if options["enable_pnginfo"] else None,
        quality=options["jpeg_quality"],
        webp_lossless=options["webp_lossless"],
        texts=_texts(texts, note) if options["enable_pnginfo"] else {},
    )
    return note, data


def _settings(body: ExtrasBody) -> Any:
    from tintype.imaging import ExtrasSettings

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
    )


def _texts(texts: Mapping[str, str], note: str) -> dict[str, str]:
    return {**texts, _NOTE: note} if note else dict(texts)


def _refuse_faces(body: ExtrasBody) -> None:
    for field in ("gfpgan_visibility", "codeformer_visibility"):
        if getattr(body, field) > 0:
            raise InvalidRequest(field, "faces cannot be restored yet; send 0")


def _check_size(body: ExtrasBody, size: tuple[int, int]) -> None:
    """Refuse what would be larger than any picture that is read back."""
    from tintype.imaging.read import MOST_PIXELS

    width, height = body.upscaling_resize_w, body.upscaling_resize_h
    scale = body.upscaling_resize
    field = "upscaling_resize"
    if body.resize_mode == 1:
        field = "upscaling_resize_w"
        scale = max(width / size[0], height / size[1])
    pixels = size[0] * scale * size[1] * scale
    if pixels > MOST_PIXELS or (body.resize_mode == 1 and width * height > MOST_PIXELS):
        raise InvalidRequest(
            field, f"the picture would have more than the {MOST_PIXELS} pixels allowed"
        )
    if min(size) * scale < 1:
        raise InvalidRequest(field, "nothing would be left of the picture")


def _base64(body: ExtrasBody, data: bytes) -> str:
    return b64encode(data).decode("ascii") if body.show_extras_results else ""


def _answer(content: Mapping[str, Any]) -> Response:
    return Response(json.dumps(content), media_type="application/json")
