"""What a model file is, read from its table of contents and never from its weights."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any, cast

from tintype.core.families import family_of, other_kind
from tintype.errors import ModelError
from tintype.modelstore.facts import FileFacts, FileState
from tintype.tensorfiles import TensorTable, open_table

_KIND = "contents"  # with other fields it would have to be called otherwise
_WIDTHS = {768: "sd1", 1024: "sd2", 2048: "sdxl", 1280: "sdxl_refiner"}
_STATED_BASES = (("sdxl", "sdxl"), ("sd_v2", "sd2"), ("sd_v1", "sd1"), ("sd_1", "sd1"))
_ARCHITECTURES = (
    ("stable-diffusion-xl-v1-refiner", "sdxl_refiner"),
    ("stable-diffusion-xl", "sdxl"),
    ("stable-diffusion-v2", "sd2"),
    ("stable-diffusion-v1", "sd1"),
)
_CROSS_ATTENTION = re.compile(r"attn2[._]to_k[._](?:lora_down\.|lora_A\.|lora\.down\.)?weight$")
_DOWN = re.compile(r"\.(?:lora_down|lora_A|lora\.down)(?:\.default)?\.weight$|\.hada_w1_b$")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file is.

    Attributes:
        what: in words, with an article: "a checkpoint", "a LoRA", "nothing we know".
        family: "sd1", "sd2", "sdxl", "sdxl_refiner"; None where the file does not say.
        precision: type of most of its numbers, in the words of safetensors ("F16").
        parameters: how many numbers it holds.
        rank: of a LoRA, the largest there is in it.
        error: why it cannot be read, in words, or None.
    """

    what: str
    family: str | None = None
    precision: str | None = None
    parameters: int = 0
    rank: int | None = None
    error: str | None = None


def known_contents(file: FileState, facts: FileFacts) -> Contents | None:
    """What a file is, if it has been looked into before."""
    fact = facts.known(_KIND, file)
    return None if fact is None else Contents(**cast("dict[str, Any]", fact))


def contents_of(files: Sequence[FileState], facts: FileFacts) -> list[Contents]:
    """What each file is; those not looked into before are opened."""
    found = facts.of(_KIND, files, lambda path: asdict(_read(path)))
    return [Contents(**cast("dict[str, Any]", fact)) for fact in found]


def _read(path: Path) -> Contents:
    try:
        table = open_table(path)
    except ModelError as error:
        return Contents("nothing that can be read", error=str(error))
    sizes = Counter[str]()
    for tensor in table.tensors.values():
        sizes[tensor.dtype] += prod(tensor.shape)
    common = sizes.most_common(1)
    family = family_of(table.shapes)
    return Contents(
        what="a checkpoint" if family else other_kind(table.shapes).words,
        family=family or _stated_family(table.metadata) or _family_by_width(table),
        precision=common[0][0] if common else None,
        parameters=sizes.total(),
        rank=_rank(table),
    )


def _stated_family(metadata: Mapping[str, object]) -> str | None:
    base = str(metadata.get("ss_base_model_version") or "")
    architecture = str(metadata.get("modelspec.architecture") or "")
    return _first(_STATED_BASES, base) or _first(_ARCHITECTURES, architecture)


def _first(starts: Iterable[tuple[str, str]], text: str) -> str | None:
    return next((family for start, family in starts if text.startswith(start)), None)


def _family_by_width(table: TensorTable) -> str | None:
    """By what its cross attention reads, or by the words it adds to a text encoder."""
    if "clip_g" in table.shapes:
        return "sdxl"
    for name, shape in table.shapes.items():
        if shape and (_CROSS_ATTENTION.search(name) or len(table.shapes) == 1):
            return _WIDTHS.get(shape[-1])
    return None


def _rank(table: TensorTable) -> int | None:
    ranks = [shape[0] for name, shape in table.shapes.items() if shape and _DOWN.search(name)]
    return max(ranks, default=None)
