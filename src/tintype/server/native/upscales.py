"""Pictures made larger, as jobs."""

import asyncio
import json
from typing import Any, Self

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field, model_validator

from tintype.core.enlarging import ExtrasSettings
from tintype.core.jobs import Admission, Priority
from tintype.server.calls.admitting import admitted
from tintype.server.calls.idempotency import KeyOf, checked_key, fingerprint
from tintype.server.calls.remembering import without_pictures
from tintype.server.native.jobs.answers import JobAnswer
from tintype.server.native.jobs.fields import Strict
from tintype.server.native.jobs.routes import made, own_job, replayed
from tintype.server.sdapi.enlarging import Asked, enlargements
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import IdentityOf

router = APIRouter(tags=["upscales"])

_LARGEST_SCALE = 8.0
_LONGEST_SIDE = 2**16
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": JobAnswer, "description": "The job this key has made before"},
    429: {"description": "The queue is full; Retry-After says when to come back"},
    503: {"description": "Nobody can compute just now"},
}
_NAMES = "one of GET /sdapi/v1/upscalers"


class UpscaleBody(Strict):
    """A picture, and how large it shall be: by `scale`, or `width` and `height`."""

    image: str = Field(description="base64, a data URI, or a URL where those are allowed")
    upscaler: str = Field(description=_NAMES)
    second_upscaler: str = Field("None", description=f"blended in: {_NAMES}")
    second_visibility: float = Field(0, ge=0, le=1, description="share of the second")
    scale: float | None = Field(
        None, gt=0, le=_LARGEST_SCALE, description="factor of both sides; 2 if nothing is said"
    )
    width: int | None = Field(None, ge=1, le=_LONGEST_SIDE, description="in pixels, with height")
    height: int | None = Field(None, ge=1, le=_LONGEST_SIDE, description="in pixels, with width")
    crop: bool = Field(
        default=True, description="cut off what stands out of width and height; else it stays"
    )
    priority: Priority = "normal"
    webhook: str | None = Field(None, description="a URL that is told of the end")

    @model_validator(mode="after")
    def _says_one_size(self) -> Self:
        if (self.width is None) != (self.height is None):
            raise ValueError("width and height come together")
        if self.scale is not None and self.width is not None:
            raise ValueError("expected scale, or width and height, not both")
        return self

    @property
    def settings(self) -> ExtrasSettings:
        """How it is to be enlarged."""
        return ExtrasSettings(
            resize_mode=0 if self.width is None else 1,
            scale=2.0 if self.scale is None else self.scale,
            width=self.width or 1,
            height=self.height or 1,
            crops=self.crop,
            upscaler=self.upscaler,
            second_upscaler=self.second_upscaler,
            second_visibility=self.second_visibility,
        )


@router.post(
    "/upscales",
    status_code=202,
    summary="Enlarge a picture",
    response_model=JobAnswer,
    responses=_ANSWERS,
)
async def make_upscale(
    body: UpscaleBody,
    request: Request,
    services: ServicesOf,
    identity: IdentityOf,
    idempotency_key: KeyOf = None,
) -> Response:
    """Answers at once with a job; its image 0 is the picture. It is on disk by then."""
    key = checked_key(idempotency_key)
    mark = await asyncio.to_thread(fingerprint, ["upscale", body.model_dump()])
    if key is not None:
        first = await services.jobs.known_as(identity.owner, key, mark)
        if first is not None:
            return replayed(await own_job(first, services, identity))
    if body.webhook is not None:
        await services.webhooks.check(body.webhook)
    admission = await _admission(body, services, identity.owner, key, mark)
    job_id = await admitted(admission, request, services, identity)
    return made(await own_job(job_id, services, identity))


async def _admission(
    body: UpscaleBody, services: Services, owner: str, key: str | None, mark: str
) -> Admission:
    picture = await services.trust.fetcher.as_base64(body.image, "image")
    plans = await asyncio.to_thread(enlargements, Asked((picture,), body.settings), services)
    told = without_pictures(body.model_dump(exclude_unset=True))
    return Admission(
        plans,
        owner=owner,
        dialect="native/upscale",
        request=json.dumps({"request": told}).encode(),
        priority=body.priority,
        idempotency_key=key,
        fingerprint=mark,
        webhook=body.webhook,
    )
