"""Diffusers folders: a checkpoint whose networks lie apart, each with its configuration."""

import json
import os.path
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from tintype.core.families import CLIP_PREFIXES, OPEN_CLIP_PREFIXES
from tintype.errors import ModelError, shown
from tintype.tensorfiles.contents import SUFFIX, pickled_table
from tintype.tensorfiles.files import naming, opened
from tintype.tensorfiles.pieces import (
    clip_tensors,
    open_clip_tensors,
    unet_tensors,
    vae_tensors,
    with_last_layer,
)
from tintype.tensorfiles.safetensors import open_safetensors
from tintype.tensorfiles.table import StoredTensor, TensorTable

MODEL_INDEX = "model_index.json"
"""What makes a folder one of diffusers'."""

_UNET, _VAE, _TEXT, _TEXT_2 = "unet", "vae", "text_encoder", "text_encoder_2"
_NOISE = "scheduler"  # diffusers' word
_STEMS = ("diffusion_pytorch_model", "model", "pytorch_model")
_JSON = ".json"
_SUFFIXES = (SUFFIX, ".bin")
_VARIANTS = ("", "fp16", "bf16", "fp32")
_LAST_VARIANT = "non_ema"  # the weights before they were averaged
_VARIANT = r"(?:\.([\w-]+))?"
_WEIGHTS = re.compile(
    rf"(?:{'|'.join(_STEMS)}){_VARIANT}(\.safetensors|\.bin)(?:{_VARIANT}\.index{_VARIANT}\.json)?"
)
_PLAIN_NAME = re.compile(r"[\w-][\w.-]*(\.safetensors|\.bin)")
_LONGEST_JSON_BYTES = 8 * 1024 * 1024

Tensors = Mapping[str, StoredTensor]
Json = Mapping[str, object]


def open_folder(folder: Path) -> TensorTable:
    """A folder's networks as the one table of a single file.

    Metadata: the settings of its schedule as `diffusers.prediction_type`, …, those of networks as
    `diffusers.unet.in_channels`, …, and `diffusers.class`, the name of its pipeline.

    Raises:
        ModelError: it is no folder of a pipeline we serve, or something in it is missing or spoilt.
    """
    index = _json(folder, MODEL_INDEX, optional=True)
    if not index:
        raise ModelError(f"This folder is no model: it has no {MODEL_INDEX}, or nothing in it.")
    _require_served(index)
    tensors = unet_tensors(_network(folder, _UNET)) | vae_tensors(_network(folder, _VAE))
    return TensorTable(tensors | _texts(folder, index), _metadata(folder, index))


def _require_served(index: Json) -> None:
    if _is_there(index, _UNET) and _is_there(index, _VAE):
        return
    parts = ", ".join(name for name in index if not name.startswith("_")) or "nothing"
    raise ModelError(
        f"The folder holds a {shown(index.get('_class_name'))} of {parts[:200]}. Expected were a"
        " Stable Diffusion's unet, vae and text_encoder."
    )


def _is_there(index: Json, part: str) -> bool:
    """A part is listed with its library and class, both null where the pipeline goes without."""
    entry = index.get(part)
    return isinstance(entry, list) and any(item is not None for item in cast("list[object]", entry))


def _texts(folder: Path, index: Json) -> dict[str, StoredTensor]:
    if _is_there(index, _TEXT) and _is_there(index, _TEXT_2):
        first = clip_tensors(_network(folder, _TEXT), CLIP_PREFIXES["sdxl"])
        second = open_clip_tensors(_network(folder, _TEXT_2), OPEN_CLIP_PREFIXES["sdxl"])
        return first | second
    if _is_there(index, _TEXT_2):
        return open_clip_tensors(_network(folder, _TEXT_2), OPEN_CLIP_PREFIXES["sdxl_refiner"])
    if _json(folder, _TEXT, "config.json").get("hidden_act") == "gelu":  # CLIP's own: quick_gelu
        prefix = OPEN_CLIP_PREFIXES["sd2"]
        return with_last_layer(open_clip_tensors(_network(folder, _TEXT), prefix), prefix)
    return clip_tensors(_network(folder, _TEXT), CLIP_PREFIXES["sd1"])


def _metadata(folder: Path, index: Json) -> dict[str, object]:
    settings = {
        f"diffusers.{part}.{key}": value
        for part in (_UNET, _VAE, _TEXT, _TEXT_2)
        if _is_there(index, part)
        for key, value in _json(folder, part, "config.json", optional=True).items()
    }
    noise = _json(folder, _NOISE, f"{_NOISE}_config.json", optional=True)
    settings |= {f"diffusers.{key}": value for key, value in noise.items()}
    own = {f"diffusers.{key}": value for key, value in index.items() if isinstance(value, bool)}
    return settings | own | {"diffusers.class": index.get("_class_name")}


def _network(folder: Path, part: str) -> Tensors:
    """The tensors of a network, by their names in diffusers."""
    chosen = min(_weights(folder / part), default=None)
    if chosen is None:
        stem = _STEMS[0] if part in (_UNET, _VAE) else _STEMS[1]
        raise ModelError(
            f"The folder's {part} holds no weights; expected was a file such as {stem}{SUFFIX}."
        )
    name = chosen[-1]
    is_index = name.endswith(_JSON)
    return _shards(folder, part, name) if is_index else _file(folder, part, name)


def _weights(folder: Path) -> Iterator[tuple[int, int, str]]:
    """Files that hold a network's weights, or say which do, each behind how gladly it is taken."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return
    for match in filter(None, map(_WEIGHTS.fullmatch, names)):
        variant = next((match[group] for group in (1, 3, 4) if match[group]), "")
        yield _SUFFIXES.index(match[2]), _rank(variant), match[0]


def _rank(variant: str) -> int:
    if variant == _LAST_VARIANT:
        return len(_VARIANTS) + 1
    return _VARIANTS.index(variant) if variant in _VARIANTS else len(_VARIANTS)


def _shards(folder: Path, part: str, index: str) -> Tensors:
    """The tensors of a network in several files, as its index shares them out."""
    shared = _json(folder, part, index).get("weight_map")
    if not isinstance(shared, dict):
        raise ModelError(f"{part}/{index} has no weight_map.")
    homes = cast("dict[str, object]", shared)
    files = {name: _file(folder, part, name) for name in sorted(_file_names(homes.values()))}
    missing = [name for name, home in homes.items() if name not in files[str(home)]]
    if missing:
        raise ModelError(f"{part}/{homes[missing[0]]} lacks {shown(missing[0])}.")
    return {name: files[str(home)][name] for name, home in homes.items()}


def _file_names(values: Iterable[object]) -> set[str]:
    """Plain names only: an index must not point out of its folder."""
    names: set[str] = set()
    for value in values:
        if not isinstance(value, str) or not _PLAIN_NAME.fullmatch(value):
            raise ModelError(f"The index of shards names {shown(value)}, no file beside it.")
        names.add(value)
    return names


def _file(folder: Path, part: str, name: str) -> Tensors:
    path = folder / part / name
    with naming(f"{part}/{shown(name)}"):
        table = open_safetensors(path) if name.endswith(SUFFIX) else pickled_table(path)
    return table.tensors


def _json(folder: Path, *place: str, optional: bool = False) -> Json:
    path, name = folder.joinpath(*place), "/".join(place)
    if optional and not os.path.isfile(path):
        return {}
    try:
        with opened(path) as file:
            content = file.read(_LONGEST_JSON_BYTES + 1)
        found: object = json.loads(content) if len(content) <= _LONGEST_JSON_BYTES else None
    except (ModelError, ValueError, RecursionError) as error:
        raise ModelError(f"{name}: {str(error)[:200]}") from error
    if not isinstance(found, dict):
        raise ModelError(f"{name} is no mapping in JSON, or longer than any.")
    return cast("Json", found)
