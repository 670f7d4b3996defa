"""The wildcards there are, and what each may become."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from tintype.errors import UnknownName
from tintype.modelstore import WildcardListing
from tintype.planning import Library
from tintype.server.services import ServicesOf

router = APIRouter(tags=["wildcards"])

_MOST_LISTED = 10_000


class WildcardAnswer(BaseModel):
    """A wildcard in short."""

    name: str = Field(description="as prompts write it: `__name__`")
    file: str = Field(description="where it lies")
    link: str = Field(description="where its entries are")


class WildcardsAnswer(BaseModel):
    """The wildcards of a server."""

    wildcards: list[WildcardAnswer]
    total: int = Field(description="that fit, listed or not")
    problems: list[str] = Field(description="files that cannot be read, and why")


class EntryAnswer(BaseModel):
    """A text a wildcard may become."""

    text: str = Field(description="which may hold wildcards and variants itself")
    weight: float = Field(description="how often it is drawn, relative to the others")


class EntriesAnswer(BaseModel):
    """A wildcard in full."""

    name: str
    entries: list[EntryAnswer]
    total: int = Field(description="of its entries, listed or not")


@router.get(
    "/wildcards",
    operation_id="listWildcards",
    summary="List the wildcards",
    response_model=WildcardsAnswer,
)
def list_wildcards(
    services: ServicesOf,
    search: Annotated[str, Query(max_length=200, description="a part of the name")] = "",
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTED, description="how many at most")] = 1000,
) -> WildcardsAnswer:
    """By name. The folders are looked at anew, so a file that was just written is there."""
    listing = Library(services.models).wildcards()
    wanted = search.strip().casefold()
    fitting = [one for one in listing.found if wanted in one.name.casefold()]
    fitting.sort(key=lambda one: one.name)
    items = [
        WildcardAnswer(name=one.name, file=str(one.file.path), link=_link(one.name))
        for one in fitting[:limit]
    ]
    return WildcardsAnswer(wildcards=items, total=len(fitting), problems=list(listing.problems))


@router.get(
    "/wildcards/{name:path}",
    operation_id="getWildcard",
    summary="Look at a wildcard",
    response_model=EntriesAnswer,
    responses={404: {"description": "There is no such wildcard"}},
)
def look_at_wildcard(
    name: Annotated[str, Path(description="of a wildcard, or a pattern such as `animals/*`")],
    services: ServicesOf,
    limit: Annotated[int, Query(ge=1, le=_MOST_LISTED, description="entries at most")] = 1000,
) -> EntriesAnswer:
    """Its entries, in the order of its file."""
    listing = Library(services.models).wildcards()
    entries = listing.entries(name)
    if entries is None:
        raise _unknown(name, listing)
    items = [EntryAnswer(text=one.text, weight=one.weight) for one in entries[:limit]]
    return EntriesAnswer(name=name, entries=items, total=len(entries))


def _link(name: str) -> str:
    return f"/v1/wildcards/{quote(name)}"


def _unknown(name: str, listing: WildcardListing) -> UnknownName:
    return UnknownName("wildcard", name, listing.names)
