"""POST /sdapi/v1/interrogate: what is in a picture."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from tintype.core.captioners import CaptionSettings
from tintype.errors import ModelError
from tintype.server.calls.describing import described
from tintype.server.errors import error_body
from tintype.server.sdapi.asking.lenient import Text
from tintype.server.sdapi.options import Effective
from tintype.server.services import ServicesOf

router = APIRouter()


class InterrogateBody(BaseModel):
    """Body of POST /sdapi/v1/interrogate."""

    image: Text | None = ""
    model: Text | None = "clip"


class InterrogateAnswer(BaseModel):
    """What is in the picture."""

    caption: str


@router.post("/interrogate", summary="Say what is in a picture", response_model=InterrogateAnswer)
async def interrogate(
    body: InterrogateBody, request: Request, services: ServicesOf
) -> InterrogateAnswer | Response:
    """A caption by BLIP, for `model` "clip"; the lists of artists and styles are not asked.

    "deepdanbooru" is refused: its network is not there yet.
    """
    if body.image is None:
        return _not_found("Image not found")
    if body.model not in ("clip", "deepdanbooru"):
        return _not_found("Model not found")
    if body.model == "deepdanbooru":
        raise ModelError("tags by deepdanbooru are not there yet; send the model clip")
    settings = _settings(services.options.with_overrides({}))
    caption = await described(services, request, body.image, "image", settings)
    return InterrogateAnswer(caption=caption.text)


def _settings(options: Effective) -> CaptionSettings:
    return CaptionSettings(
        beams=options["interrogate_clip_num_beams"],
        min_length=options["interrogate_clip_min_length"],
        max_length=options["interrogate_clip_max_length"],
    )


def _not_found(detail: str) -> JSONResponse:
    return JSONResponse(error_body("HTTPException", detail), 404)
