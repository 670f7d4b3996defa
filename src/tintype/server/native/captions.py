"""What is in a picture, in words."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from tintype.core.captioners import (
    LONGEST_CAPTION,
    MOST_BEAMS,
    SHORTEST_CAPTION,
    CaptionSettings,
)
from tintype.errors import InvalidRequest
from tintype.server.calls.describing import described
from tintype.server.native.jobs.fields import Strict
from tintype.server.services import ServicesOf

router = APIRouter(tags=["captions"])

_DEFAULT = CaptionSettings()
_COUNTED = "in tokens, with the four at its beginning that are not told"


class CaptionBody(Strict):
    """A picture to describe."""

    image: str = Field(description="base64, or a data URI")
    captioner: str | None = Field(
        None, description="one of `GET /v1/models?kind=captioner`; null for the first"
    )
    beams: int = Field(_DEFAULT.beams, ge=1, le=MOST_BEAMS, description="captions followed at once")
    min_length: int = Field(_DEFAULT.min_length, ge=1, le=LONGEST_CAPTION, description=_COUNTED)
    max_length: int = Field(
        _DEFAULT.max_length, ge=SHORTEST_CAPTION, le=LONGEST_CAPTION, description=_COUNTED
    )


class CaptionAnswer(BaseModel):
    """What is in the picture."""

    caption: str
    captioner: str = Field(description="who says so")


@router.post("/captions", summary="Say what is in a picture", response_model=CaptionAnswer)
async def caption(body: CaptionBody, request: Request, services: ServicesOf) -> CaptionAnswer:
    """By BLIP: the file of `models/BLIP` that is meant, or the first. Answers when it is said."""
    if body.min_length > body.max_length:
        raise InvalidRequest(
            "min_length", f"{body.min_length} is more than max_length, which is {body.max_length}"
        )
    settings = CaptionSettings(body.beams, body.min_length, body.max_length)
    told = await described(services, request, body.image, "image", settings, body.captioner)
    return CaptionAnswer(caption=told.text, captioner=told.captioner)
