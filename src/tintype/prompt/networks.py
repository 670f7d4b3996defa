"""Tags in a prompt that ask for LoRAs and their like: `<lora:name:0.8>`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite

from tintype.errors import InvalidRequest, shown

_TAG = re.compile(r"<(\w+):([^>]+)>")


@dataclass(frozen=True, slots=True)
class NetworkTag:
    """A tag as it was written.

    Attributes:
        kind: the word before the first colon, "lora" for instance.
        positional: arguments without a name, in order; mostly a file's name and its factors.
        named: arguments written `name=value`, in order.
    """

    kind: str
    positional: tuple[str, ...]
    named: tuple[tuple[str, str], ...]


def split_networks(text: str) -> tuple[str, tuple[NetworkTag, ...]]:
    """The prompt without its tags, and the tags. Blanks and commas around a tag stay."""
    last = text.rfind(">") + 1  # with an end in sight, no `<` is searched from in vain
    head = text[:last]
    tags = tuple(_tag(match[1], match[2]) for match in _TAG.finditer(head))
    return _TAG.sub("", head) + text[last:], tags


def lora_scales(tag: NetworkTag) -> tuple[str, float, float, int | None]:
    """What a LoRA tag asks for: (name, text_scale, unet_scale, rank or None for all of it).

    The text encoder's factor is 1 by default, the U-Net's is the text encoder's. A named argument
    (`te`, `unet`, `dyn`) counts before a positional one.

    Raises:
        InvalidRequest: no name, a factor that is no finite number, a rank that is no whole number
            from 1. A1111 leaves such a LoRA out without a word.
    """
    name, *rest = tag.positional or ("",)
    if not name:
        raise InvalidRequest("prompt", f"a <{tag.kind}:…> tag names no file")
    given = dict(zip(("te", "unet", "dyn"), rest, strict=False)) | dict(tag.named)
    text_scale = _factor(name, given, "te", 1.0)
    return name, text_scale, _factor(name, given, "unet", text_scale), _rank(name, given.get("dyn"))


def _tag(kind: str, arguments: str) -> NetworkTag:
    parts = arguments.split(":")
    named = (part.partition("=") for part in parts if "=" in part)
    return NetworkTag(
        kind,
        tuple(part for part in parts if "=" not in part),
        tuple((key, value) for key, _, value in named),
    )


def _factor(name: str, given: Mapping[str, str], key: str, default: float) -> float:
    if key not in given:
        return default
    try:
        factor = float(given[key])
    except ValueError:
        factor = float("nan")
    if not isfinite(factor):
        message = f"the factor {shown(given[key])} of the LoRA {shown(name)} is not a number"
        raise InvalidRequest("prompt", message)
    return factor


def _rank(name: str, given: str | None) -> int | None:
    if given is None:
        return None
    try:
        rank = int(given)
    except ValueError:
        rank = 0
    if rank < 1:
        message = f"the rank {shown(given)} of the LoRA {shown(name)} is not a whole number from 1"
        raise InvalidRequest("prompt", message)
    return rank
