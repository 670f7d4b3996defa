"""The calls about pictures kept on disk: search them, look, mark, throw away, fetch back."""

from datetime import date, datetime, timedelta
from math import isfinite
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from tintype.errors import InvalidRequest, UnknownPicture, shown
from tintype.imagestore import Change, Picture, Search, words_of
from tintype.planning import Library
from tintype.prompt.parameters import parse_parameters
from tintype.server.native.gallery.answers import (
    PictureAnswer,
    PictureChange,
    PictureDetails,
    PicturesAnswer,
    in_full,
    short,
)
from tintype.server.services import Services, ServicesOf
from tintype.server.trust.identity import Identity, IdentityOf

router = APIRouter(tags=["images"])

PictureId = Annotated[str, Path(description="id of a kept picture")]
NO_PICTURE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such picture, or it is somebody else's"}
}

_MOST_LISTED = 200
_DATE = "a date (2025-03-09), a time (2025-03-09T18:00) or Unix seconds"


def own_picture(picture_id: str, services: Services, identity: Identity) -> Picture:
    """A picture the caller may see. Raises `UnknownPicture`, also for somebody else's."""
    picture = services.gallery.find(picture_id)
    if not identity.may_see(picture.owner):
        raise UnknownPicture(picture_id)
    return picture


@router.get("/images", summary="Search the kept pictures")
def list_images(
    *,
    services: ServicesOf,
    identity: IdentityOf,
    search: Annotated[
        str, Query(max_length=500, description="words of the prompt, whole or their beginnings")
    ] = "",
    model: Annotated[str | None, Query(description="name or hash, as infotext has it")] = None,
    sampler: Annotated[str | None, Query(description="name of a sampler")] = None,
    seed: Annotated[int | None, Query(ge=-(2**63), lt=2**63)] = None,
    from_: Annotated[str | None, Query(alias="from", description=f"made since: {_DATE}")] = None,
    to: Annotated[
        str | None, Query(description=f"made until: {_DATE}; of a date the whole day")
    ] = None,
    starred: bool | None = None,
    tag: Annotated[str | None, Query(description="one of its tags")] = None,
    board: Annotated[str | None, Query(description="the board it lies on")] = None,
    sheets: Annotated[
        bool | None, Query(description="only sheets of several pictures, or none of them")
    ] = None,
    job: Annotated[str | None, Query(description="id of the job that made it")] = None,
    trash: Annotated[bool, Query(description="those in the trash, instead of the others")] = False,
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTED, description="how many at most")] = 50,
    cursor: Annotated[str | None, Query(description="`next` of the page before")] = None,
) -> PicturesAnswer:
    """One's own, the newest first; everybody's for those who may manage."""
    wanted = Search(
        words=words_of(search),
        model=model,
        sampler=sampler,
        seed=seed,
        since=None if from_ is None else moment(from_, "from"),
        until=None if to is None else moment(to, "to", is_end=True),
        starred=starred,
        tag=tag,
        board=board,
        is_sheet=sheets,
        job_id=job,
        owner=None if identity.manages else identity.owner,
        in_trash=trash,
    )
    page = services.gallery.page(wanted, limit, cursor)
    images = [short(picture) for picture in page.pictures]
    return PicturesAnswer(images=images, total=page.total, next=page.next)


@router.get("/images/{image_id}", summary="Look at a kept picture", responses=NO_PICTURE)
def image(image_id: PictureId, services: ServicesOf, identity: IdentityOf) -> PictureDetails:
    """Facts, infotext, and the infotext taken apart."""
    picture = own_picture(image_id, services, identity)
    styles = tuple(Library(services.models).styles().values())
    return in_full(picture, parse_parameters(picture.infotext, styles=styles))


@router.patch(
    "/images/{image_id}", summary="Star a picture, give it tags or a board", responses=NO_PICTURE
)
def change_image(
    image_id: PictureId, body: PictureChange, services: ServicesOf, identity: IdentityOf
) -> PictureAnswer:
    """Answers with the picture as it is then."""
    own_picture(image_id, services, identity)
    board = (body.board or "") if "board" in body.model_fields_set else None
    tags = None if body.tags is None else tuple(body.tags)
    return short(services.gallery.change(image_id, Change(body.starred, tags, board)))


@router.delete(
    "/images/{image_id}",
    status_code=204,
    summary="Throw a picture away",
    response_class=Response,
    responses=NO_PICTURE,
)
def delete_image(
    *,
    image_id: PictureId,
    services: ServicesOf,
    identity: IdentityOf,
    forever: Annotated[
        bool,
        Query(description="delete it at once, from the trash or past it; nothing brings it back"),
    ] = False,
) -> Response:
    """Its file is moved to the trash, and deleted 30 days later."""
    own_picture(image_id, services, identity)
    if forever:
        services.gallery.forget(image_id)
    else:
        services.gallery.trash(image_id)
    return Response(status_code=204)


@router.post(
    "/images/{image_id}/restore",
    summary="Fetch a picture back from the trash",
    responses=NO_PICTURE,
)
def restore_image(image_id: PictureId, services: ServicesOf, identity: IdentityOf) -> PictureAnswer:
    """Under its own name, or with a number behind it where that is taken by now."""
    own_picture(image_id, services, identity)
    return short(services.gallery.restore(image_id))


def moment(text: str, field: str, *, is_end: bool = False) -> float:
    """A date or time as Unix seconds; without an offset it is the server's own.

    Args:
        is_end: of a date its end is meant, not its beginning.

    Raises:
        InvalidRequest: this is neither a date nor a time.
    """
    try:
        return _seconds(text.strip(), is_end)
    except (ValueError, OverflowError, OSError):
        raise InvalidRequest(field, f"expected {_DATE}, got {shown(text)}") from None


def _seconds(text: str, is_end: bool) -> float:  # noqa: FBT001
    if text.replace(".", "", 1).isdecimal() and len(text) > len("20250309"):
        seconds = float(text)
    elif len(text) <= len("2025-03-09"):
        day = date.fromisoformat(text) + timedelta(days=is_end)
        seconds = datetime(day.year, day.month, day.day).timestamp()
    else:
        seconds = datetime.fromisoformat(text).timestamp()
    if not isfinite(seconds):
        raise ValueError("no moment")
    return seconds
