"""The picture of a model, as an answer."""

from typing import Any

from fastapi.responses import Response

from tintype.errors import UnknownName
from tintype.modelstore import Entry, ModelStore, preview_picture

PREVIEW: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": {"image/*": {}}},
    404: {"description": "There is no such model, or no picture of it"},
}
_GUARDED = {  # it came with the model, from anywhere
    "Cache-Control": "private, max-age=60",
    "Content-Security-Policy": "sandbox",
    "X-Content-Type-Options": "nosniff",
}


def preview_of(entry: Entry, models: ModelStore) -> Response:
    """The file beside a model, or the thumbnail in its header. Raises `UnknownName` for none."""
    found = preview_picture(entry, models)
    if found is None:
        raise UnknownName("picture of", entry.name, [])
    return Response(found.data, media_type=found.media_type, headers=_GUARDED)
