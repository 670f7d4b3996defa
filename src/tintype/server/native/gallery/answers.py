"""A kept picture as this API tells of it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tintype.imagestore import Picture
from tintype.prompt.parameters import Parameters

_MOST_TAGS = 50

Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class PictureLinks(BaseModel):
    """Where more is to be had."""

    self: str
    file: str
    thumbnail: str = Field(description="`side` is 128, 256, 512 or 1024")
    job: str | None = Field(description="the job that made it, while that is remembered")


class PictureAnswer(BaseModel):
    """A kept picture in short. What is null its infotext does not tell."""

    id: str
    path: str = Field(description="of its file, below the folder `outputs`")
    width: int
    height: int
    bytes: int
    made: float = Field(description="Unix seconds")
    prompt: str
    negative_prompt: str
    model: str | None
    model_hash: str | None
    sampler: str | None
    schedule: str | None
    seed: int | None
    steps: int | None
    loras: list[str]
    owner: str
    is_sheet: bool = Field(description="it shows several pictures")
    starred: bool
    tags: list[str]
    board: str | None
    trashed: float | None = Field(description="since when it is in the trash, Unix seconds")
    links: PictureLinks


class PictureDetails(PictureAnswer):
    """A kept picture in full."""

    infotext: str = Field(description="as it is in the file; empty for none")
    parameters: dict[str, Any] = Field(
        description="the infotext read, with A1111's defaults, as png-info has it"
    )


class PicturesAnswer(BaseModel):
    """Kept pictures, the newest first."""

    images: list[PictureAnswer]
    total: int = Field(description="how many were found in all")
    next: str | None = Field(description="`cursor` of the next page; null on the last")


class PictureChange(BaseModel):
    """What shall be different about a picture; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    starred: bool | None = Field(None, description="marked as one of the best")
    tags: list[Label] | None = Field(
        None, max_length=_MOST_TAGS, description="all of its tags, in place of those it has"
    )
    board: Label | None = Field(None, description="the board it lies on; null takes it away")


class PictureIds(BaseModel):
    """Pictures by their ids."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(min_length=1, max_length=1000)


def short(picture: Picture) -> PictureAnswer:
    """What lists tell of a picture."""
    return PictureAnswer(**_short(picture))


def in_full(picture: Picture, parameters: Parameters) -> PictureDetails:
    """Everything that is known of a picture."""
    return PictureDetails(**_short(picture), infotext=picture.infotext, parameters=dict(parameters))


def picture_link(picture_id: str) -> str:
    """The path of a picture."""
    return f"/v1/images/{picture_id}"


def _short(picture: Picture) -> dict[str, Any]:
    facts, here = picture.facts, picture_link(picture.id)
    return {
        "id": picture.id,
        "path": picture.path,
        "width": picture.width,
        "height": picture.height,
        "bytes": picture.bytes,
        "made": picture.made,
        "prompt": facts.prompt,
        "negative_prompt": facts.negative_prompt,
        "model": facts.model,
        "model_hash": facts.model_hash,
        "sampler": facts.sampler,
        "schedule": facts.schedule,
        "seed": facts.seed,
        "steps": facts.steps,
        "loras": list(facts.loras),
        "owner": picture.owner,
        "is_sheet": picture.is_sheet,
        "starred": picture.starred,
        "tags": list(picture.tags),
        "board": picture.board,
        "trashed": picture.trashed,
        "links": PictureLinks(
            self=here,
            file=f"{here}/file",
            thumbnail=f"{here}/thumbnail?side=256",
            job=None if picture.job_id is None else f"/v1/jobs/{picture.job_id}",
        ),
    }
