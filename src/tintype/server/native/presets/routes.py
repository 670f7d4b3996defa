"""Presets: sets of a job's fields under names, which a job may begin with."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Response
from pydantic import BaseModel, Field

from tintype.server.native.presets.fields import checked_fields
from tintype.server.services import ServicesOf

router = APIRouter(tags=["presets"])

_EXAMPLE = {"steps": 30, "sampler": "DPM++ 2M", "schedule": "Karras", "cfg_scale": 6}

Name = Annotated[
    str,
    Path(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f/\\]+$",
        description="of a preset",
    ),
]


class PresetAnswer(BaseModel):
    """A preset."""

    name: str
    fields: dict[str, Any] = Field(description="some of those of a job, in the words of /v1/jobs")


class PresetsAnswer(BaseModel):
    """The presets of a server."""

    presets: list[PresetAnswer]


@router.get(
    "/presets",
    operation_id="listPresets",
    summary="List the presets",
    response_model=PresetsAnswer,
)
def list_presets(services: ServicesOf) -> PresetsAnswer:
    """By name, with their fields. A job that names one in `preset` begins with those."""
    return PresetsAnswer(
        presets=[
            PresetAnswer(name=name, fields=dict(fields))
            for name, fields in services.presets.all().items()
        ]
    )


@router.get(
    "/presets/{name}",
    operation_id="getPreset",
    summary="Look at a preset",
    response_model=PresetAnswer,
    responses={404: {"description": "There is no such preset"}},
)
def look_at_preset(name: Name, services: ServicesOf) -> PresetAnswer:
    """Its fields."""
    return PresetAnswer(name=name, fields=dict(services.presets.find(name)))


@router.put(
    "/presets/{name}",
    operation_id="putPreset",
    summary="Keep a preset",
    response_model=PresetAnswer,
    responses={201: {"model": PresetAnswer, "description": "There was none of that name"}},
)
def put_preset(
    name: Name,
    fields: Annotated[dict[str, Any], Body(examples=[_EXAMPLE])],
    services: ServicesOf,
    response: Response,
) -> PresetAnswer:
    """In place of one of that name. Any fields about the picture, but for `init`."""
    kept = checked_fields(fields)
    if services.presets.put(name, kept):
        response.status_code = 201
    return PresetAnswer(name=name, fields=dict(kept))


@router.delete(
    "/presets/{name}",
    operation_id="deletePreset",
    status_code=204,
    summary="Forget a preset",
    responses={404: {"description": "There is no such preset"}},
)
def delete_preset(name: Name, services: ServicesOf) -> None:
    """Jobs that began with it stay as they are."""
    services.presets.delete(name)
