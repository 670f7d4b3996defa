"""What is remembered of a request's body: every word of it, and of its pictures a digest."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast

_PICTURES = frozenset(
    {"image", "data", "picture", "init_images", "mask", "latent_mask", "firstpass_image"}
)
_LONG = re.compile(r"\S{4096,}")  # no word of a prompt, but a picture as base64


def without_pictures(value: Any, name: str = "") -> Any:
    """JSON with `sha256:…` in place of every picture.

    Args:
        value: of the JSON, or all of it.
        name: of the field that holds it.
    """
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {_text(key): without_pictures(one, key) for key, one in fields.items()}
    if isinstance(value, list):
        return [without_pictures(one, name) for one in cast("list[Any]", value)]
    if not isinstance(value, str):
        return value
    if value and (name in _PICTURES or _LONG.search(value)):
        return f"sha256:{sha256(_text(value).encode()).hexdigest()}"
    return _text(value)


def shown_request(dialect: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The request as it is shown, empty where it is not at hand.

    Args:
        dialect: how it came; only our own keeps more than the request itself.
        kept: what is remembered of it.
    """
    return kept.get("request", {}) if dialect.startswith("native") else dict(kept)


def _text(text: str) -> str:
    """Without halves of surrogate pairs, which JSON can spell but no answer can carry."""
    return text.encode("utf-8", "replace").decode()
