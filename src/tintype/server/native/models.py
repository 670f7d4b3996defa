"""The models there are, with all that is known of them; checkpoints also in OpenAI's words."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from tintype.modelstore import (
    CARD_KINDS,
    Card,
    CardKind,
    Entry,
    ModelStore,
    alias_of,
    card_of,
    cards_of,
    entries,
    family_in,
    find_entry,
    is_known,
)
from tintype.server.calls.previews import PREVIEW, preview_of
from tintype.server.services import ServicesOf

router = APIRouter(tags=["models"])

_MOST_MODELS = 500
_Kind = Annotated[
    str, Path(description="by the folder it lies in", json_schema_extra={"enum": [*CARD_KINDS]})
]


class HashesAnswer(BaseModel):
    """What a file is known by elsewhere; null until it is computed, which takes a while."""

    sha256: str | None
    autov1: str | None = Field(description="A1111's old hash, 8 digits")
    autov2: str | None = Field(description="A1111's `Model hash`, 10 digits")
    autov3: str | None = Field(description="A1111's `Lora hashes`, 12 digits; safetensors only")


class ModelAnswer(BaseModel):
    """A model in short. What is null is not known, or not yet."""

    kind: CardKind = Field(description="by the folder it lies in")
    name: str = Field(description="as requests name it")
    title: str = Field(description="of a checkpoint with its hash, as A1111 shows it")
    alias: str | None = Field(description="a name that will do as well")
    path: str
    bytes: int
    modified: float = Field(description="Unix seconds")
    what: str | None = Field(description="what the file is, whatever folder it lies in")
    family: str | None = Field(description="sd1, sd2, sdxl or sdxl_refiner")
    prediction: str | None = Field(description="of a checkpoint: eps, v, edm or edm_v")
    precision: str | None = Field(description="type of most of its numbers: F16, BF16, F32, …")
    parameters: int | None = Field(description="how many numbers it holds")
    rank: int | None = Field(description="of a LoRA")
    error: str | None = Field(description="why it cannot be read")
    hashes: HashesAnswer
    trigger_words: list[str]
    base_model: str | None = Field(description="in the words of whoever noted it")
    preview: str | None = Field(description="where its picture is")
    link: str = Field(description="where everything about it is")


class ModelDetails(ModelAnswer):
    """A model in full."""

    description: str | None = Field(description="plain text")
    notes: str | None
    negative_text: str | None = Field(description="for the negative prompt")
    preferred_weight: float | None = Field(description="of a LoRA in a prompt")
    vae: str | None = Field(description="that its notes want for a checkpoint")
    author: str | None
    licence: str | None
    source: str | None = Field(description="the address it came from")
    tags: list[tuple[str, int]] = Field(description="of its training pictures, most frequent first")
    training: dict[str, str] = Field(description="what its trainer noted")


class OpenAiModel(BaseModel):
    """A checkpoint, as OpenAI's clients know models."""

    id: str = Field(description="what they send as `model`: its name")
    object: Literal["model"] = "model"
    created: int = Field(description="when the file was written, Unix seconds")
    owned_by: Literal["tintype"] = "tintype"


class CheckpointDetails(ModelDetails, OpenAiModel):
    """A checkpoint in full."""


class ModelsAnswer(BaseModel):
    """Some of the models."""

    object: Literal["list"] = "list"
    data: list[OpenAiModel] = Field(
        description="for OpenAI's clients: all checkpoints of those asked for, on the first page"
    )
    models: list[ModelAnswer]
    total: int = Field(description="how many there are of those asked for")
    next: int | None = Field(description="`offset` of the next page; null on the last")
    unread: int = Field(description="files that nobody has looked into yet; no family is known")


@router.get("/models", summary="List models", response_model=ModelsAnswer)
def models(
    services: ServicesOf,
    kind: CardKind | None = None,
    family: Annotated[str | None, Query(description="sd1, sd2, sdxl, sdxl_refiner")] = None,
    search: Annotated[str, Query(description="a part of a name or alias, in any case")] = "",
    limit: Annotated[int, Query(ge=1, le=_MOST_MODELS)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """In the order of their folders. Headers and hashes are read in the background."""
    store = services.models
    found = [entry for entry in entries(store) if _is_meant(entry, store, kind, search)]
    unread = sum(not is_known(entry, store) for entry in found)
    if family is not None:
        found = [entry for entry in found if family_in(entry, store) == family]
    page = found[offset : offset + limit]
    answer = ModelsAnswer(
        data=[_for_openai(entry) for entry in found if entry.checkpoint] if offset == 0 else [],
        models=[ModelAnswer(**_short(card)) for card in cards_of(page, store)],
        total=len(found),
        next=offset + limit if offset + limit < len(found) else None,
        unread=unread,
    )  # not through FastAPI, which would look at thousands of checkpoints once more
    return Response(answer.model_dump_json(), media_type="application/json")


@router.get(
    "/models/{kind}/{name:path}/preview",
    summary="A picture of what a model makes",
    response_class=Response,
    responses=PREVIEW,
)
def preview(services: ServicesOf, kind: _Kind, name: str) -> Response:
    """The file beside the model, or the thumbnail in its header."""
    return preview_of(_entry(services.models, kind, name), services.models)


@router.get("/models/{kind}/{name:path}", summary="Look at a model")
def model(services: ServicesOf, kind: _Kind, name: str) -> CheckpointDetails | ModelDetails:
    """By any name that requests may call it by."""
    return _details(card_of(_entry(services.models, kind, name), services.models))


@router.get("/models/{name}", summary="Look at a checkpoint, by its name alone")
def checkpoint(services: ServicesOf, name: str) -> CheckpointDetails | ModelDetails:
    """As OpenAI's clients ask for it."""
    entry = find_entry(services.models, "checkpoint", name)
    return _details(card_of(entry, services.models))


def _entry(store: ModelStore, kind: str, name: str) -> Entry:
    """The model of a path; what is no kind is a folder of checkpoints, whose names are asked for
    without a kind by OpenAI's clients."""
    if kind in CARD_KINDS:
        return find_entry(store, kind, name)
    return find_entry(store, "checkpoint", f"{kind}/{name}")


def _details(card: Card) -> ModelDetails:
    notes = card.notes
    told: dict[str, Any] = {
        **_short(card),
        "description": notes.description,
        "notes": notes.notes,
        "negative_text": notes.negative_text,
        "preferred_weight": notes.preferred_weight,
        "vae": notes.vae,
        "author": notes.author,
        "licence": card.licence,
        "source": notes.source,
        "tags": list(card.tags),
        "training": dict(card.training),
    }
    if card.entry.checkpoint is None:
        return ModelDetails(**told)
    return CheckpointDetails(**told, **_for_openai(card.entry).model_dump())


def _for_openai(entry: Entry) -> OpenAiModel:
    return OpenAiModel(id=entry.name, created=entry.file.modified // 10**9)


def _is_meant(entry: Entry, store: ModelStore, kind: CardKind | None, search: str) -> bool:
    if kind is not None and entry.kind != kind:
        return False
    wanted = search.casefold()
    return wanted in entry.name.casefold() or wanted in (alias_of(entry, store) or "").casefold()


def _short(card: Card) -> dict[str, Any]:
    entry, contents, hashes = card.entry, card.contents, card.hashes
    link = _link(entry)
    return {
        "kind": entry.kind,
        "name": entry.name,
        "title": card.title,
        "alias": card.alias,
        "path": str(entry.file.path),
        "bytes": entry.file.bytes,
        "modified": entry.file.modified / 1e9,
        "what": contents and contents.what,
        "family": contents and contents.family,
        "prediction": card.prediction,
        "precision": contents and contents.precision,
        "parameters": contents and contents.parameters,
        "rank": contents and contents.rank,
        "error": contents and contents.error,
        "hashes": HashesAnswer(
            sha256=hashes and hashes.sha256,
            autov1=hashes and hashes.autov1,
            autov2=hashes and hashes.autov2,
            autov3=hashes and hashes.autov3,
        ),
        "trigger_words": list(card.notes.trigger_words),
        "base_model": card.notes.base_model,
        "preview": f"{link}/preview" if card.has_preview else None,
        "link": link,
    }


def _link(entry: Entry) -> str:
    return f"/v1/models/{entry.kind}/{quote(entry.name)}"
