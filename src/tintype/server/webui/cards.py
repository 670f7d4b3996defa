"""Pictures and texts of models, as A1111's page shows them on its cards."""

import json
import os
from collections.abc import Mapping
from html import escape
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tintype.errors import ModelError, UnknownName
from tintype.modelstore import (
    CardKind,
    Entry,
    ModelStore,
    card_of,
    entries,
    find_entry,
)
from tintype.server.calls.previews import PREVIEW, preview_of
from tintype.server.services import ServicesOf

router = APIRouter(prefix="/sd_extra_networks", tags=["cards"])

_PAGES: Mapping[str, CardKind] = {
    "checkpoints": "checkpoint",
    "lora": "lora",
    "textual inversion": "embedding",
    "hypernetworks": "hypernetwork",
}
_Page = Annotated[str, Query(description="Checkpoints, Lora, Textual Inversion, Hypernetworks")]


@router.get("/thumb", summary="A picture by its file", response_class=Response, responses=PREVIEW)
def thumb(services: ServicesOf, filename: str = "") -> Response:
    """Only pictures beside models, or in them: the file of either names the model."""
    stem = _stem(filename)
    found = (one for one in entries(services.models) if _stem(str(one.file.path)) == stem)
    entry = next(found, None)
    if entry is None:
        raise UnknownName("picture of a model", filename, [])
    return preview_of(entry, services.models)


@router.get(
    "/cover-images",
    summary="A picture by its model",
    response_class=Response,
    responses=PREVIEW,
)
def cover_images(
    services: ServicesOf, page: _Page = "", item: str = "", index: int = 0
) -> Response:
    """The model's own picture, which is its only one."""
    entry = _entry(services.models, page, item)
    if index != 0:
        raise UnknownName("picture", str(index), ["0"])
    return preview_of(entry, services.models)


@router.get("/metadata", summary="The free text of a model's header")
def metadata(services: ServicesOf, page: _Page = "", item: str = "") -> dict[str, str]:
    """JSON in a string, as A1111 has it; an empty object for what is not there."""
    try:
        entry = _entry(services.models, page, item)
    except (UnknownName, ModelError):
        return {}
    card = card_of(entry, services.models)
    text = _header_text(entry, services.models) or dict(card.training)
    return {"metadata": json.dumps(text, indent=4, ensure_ascii=False)} if text else {}


@router.get("/get-single-card", summary="One card as HTML")
def get_single_card(
    services: ServicesOf, page: _Page = "", tabname: str = "", name: str = ""
) -> dict[str, str]:
    """Name and picture; 404 for what is not there."""
    entry = _entry(services.models, page, name)
    card = card_of(entry, services.models)
    source = f"cover-images?page={quote(page)}&item={quote(entry.name)}"
    picture = (
        f'<img class="preview" src="./sd_extra_networks/{source}">' if card.has_preview else ""
    )
    shown = escape(entry.name)
    html = (
        f'<div class="card" data-name="{shown}">{picture}'
        f'<div class="actions"><span class="name">{shown}</span></div></div>'
    )
    return {"html": html}


def _entry(models: ModelStore, page: str, name: str) -> Entry:
    kind = _PAGES.get(page.strip().replace("_", " ").casefold())
    if kind is None:
        raise UnknownName("page", page, list(_PAGES))
    if not name.strip():
        raise UnknownName("model", name, [])
    return find_entry(models, kind, name)


def _header_text(entry: Entry, models: ModelStore) -> dict[str, Any]:
    """Of LoRAs, whose texts are at hand."""
    if entry.kind != "lora":
        return {}
    texts = (text for record, text in models.adapter_texts() if record.path == entry.file.path)
    return json.loads(next(texts, "{}")) or {}


def _stem(path: str) -> str:
    """Of a model's file or of a picture beside it: absolute, without endings."""
    stem = os.path.splitext(os.path.abspath(path))[0] if path and "\0" not in path else ""
    return stem.removesuffix(".preview")
