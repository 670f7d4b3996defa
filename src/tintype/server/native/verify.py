"""Does a picture come out the same here? Its own infotext is asked for again, and compared."""

import asyncio
import json
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tintype.core.jobs import Admission
from tintype.errors import Cancelled, InvalidRequest
from tintype.jobs import JobView
from tintype.server.calls.admitting import admitted
from tintype.server.calls.blocking import ended
from tintype.server.errors import JOB_HEADER
from tintype.server.native.gallery.images import own_picture
from tintype.server.native.jobs.answers import job_link
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import Identity, IdentityOf

if TYPE_CHECKING:
    from tintype.planning.verifying import Verdict, Verification

router = APIRouter(tags=["images"])


class VerifyBody(BaseModel):
    """A picture: one that is kept here, or any other."""

    model_config = ConfigDict(extra="forbid")

    id: str | None = Field(None, description="of a kept picture")
    image: str | None = Field(None, description="base64, or a data URI")


class VerifyAnswer(BaseModel):
    """How near a picture is to what its infotext makes here."""

    same: bool = Field(description="no value differs by more than a level of 255")
    highest: int = Field(description="the largest difference of any value, in levels of 255")
    mean: float = Field(description="the mean difference, in levels of 255")
    share: float = Field(description="of pixels that differ by more than a level, 0 to 1")
    reasons: list[str] = Field(description="what may be behind a difference")
    job: str = Field(description="the job that made it again")
    picture: str = Field(description="where the remake is, while the job is remembered")


@router.post(
    "/verify",
    operation_id="verifyImage",
    summary="Make a picture again, and say whether it is the same",
    response_model=VerifyAnswer,
    responses={404: {"description": "The picture, or a model it was made with, is not here"}},
)
async def verify(
    body: VerifyBody, request: Request, services: ServicesOf, identity: IdentityOf
) -> Response:
    """Waits for its turn and the picture, as `tintype verify` does; who leaves ends it."""
    data, name = await _picture(body, services, identity)
    verification = await asyncio.to_thread(_prepared, data, name, services)
    admission = _admission(verification, name, identity)
    job_id = await admitted(admission, request, services, identity)
    view = await ended(request, services.jobs, job_id, keeps=False)
    verdict = await _judged(verification, view, services)
    answer = VerifyAnswer(
        same=verdict.is_same,
        highest=verdict.highest,
        mean=verdict.mean,
        share=verdict.share,
        reasons=list(verdict.reasons),
        job=job_id,
        picture=f"{job_link(job_id)}/images/0",
    )
    return Response(
        answer.model_dump_json(), media_type="application/json", headers={JOB_HEADER: job_id}
    )


async def _picture(body: VerifyBody, services: Services, identity: Identity) -> tuple[bytes, str]:
    """The file of the picture, and what to call it."""
    from tintype.imaging import decoded

    if (body.id is None) == (body.image is None):
        raise InvalidRequest("image", "expected either id or image")
    if body.id is not None:
        picture = await asyncio.to_thread(own_picture, body.id, services, identity)
        path = services.gallery.file_of(picture)
        return await asyncio.to_thread(path.read_bytes), picture.name
    text = await services.trust.fetcher.as_base64(body.image or "", "image")
    return await asyncio.to_thread(decoded, text, "image"), "the picture"


def _prepared(data: bytes, name: str, services: Services) -> "Verification":
    from tintype.planning.verifying import verification_of  # not needed to answer the door

    return verification_of(data, name, services.models, services.plan)


def _admission(verification: "Verification", name: str, identity: Identity) -> Admission:
    kept = {
        "request": {"verify": name},
        "seeds": [verification.plan.seed],
        "warnings": list(verification.plan.warnings),
    }
    return Admission(
        plans=(verification.plan,),
        owner=identity.owner,
        dialect="native/verify",
        request=json.dumps(kept).encode(),
    )


async def _judged(verification: "Verification", view: JobView, services: Services) -> "Verdict":
    from tintype.planning.verifying import compared

    painted = await services.jobs.picture(view.id, 0)
    if view.state != "done" or painted is None or painted.is_partial:
        raise Cancelled("the job was ended before the picture was made again")
    return await asyncio.to_thread(
        compared, verification.picture, painted.pixels, verification.reasons
    )
