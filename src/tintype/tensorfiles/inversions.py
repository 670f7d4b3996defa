"""Textual inversions: which of a file's tensors are the words.

A1111 keeps them under `string_to_param`, diffusers as the only tensor of a file, kohya as
`emb_params`, and those for SDXL are a pair, `clip_l` and `clip_g`. A1111 also writes them into the
text of PNG pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tintype.errors import ModelError
from tintype.tensorfiles.contents import content, tensors_of
from tintype.tensorfiles.pictures import Written, written_inversion
from tintype.tensorfiles.table import Shape, StoredTensor

PICTURE_SUFFIX = ".png"

_PARAMETERS = "string_to_param"
_FOR_TWO_ENCODERS = ("clip_l", "clip_g")
_ONE_ENCODER = "text"
_BUNDLE = "bundle_emb"
_WIDEST = 1 << 14
_MOST_STEPS = 1 << 53  # what JSON's readers tell apart
_LONGEST_TEXT = 1000


@dataclass(frozen=True, slots=True)
class Inversion:
    """Where the words of a textual inversion are.

    Attributes:
        name: the word that calls it up, where the file says so itself; else None.
        tables: (n, C) for each text encoder it serves: "clip_l" and "clip_g" of SDXL, or "text" for
            checkpoints with a single encoder. All have the same n, at least 1.
        step: steps it was trained for, or None where that is not told.
        sd_checkpoint: A1111's hash of the checkpoint it was trained on, or None.
        sd_checkpoint_name: that one's name, or None.
    """

    name: str | None
    tables: Mapping[str, StoredTensor | Written]
    step: int | None = None
    sd_checkpoint: str | None = None
    sd_checkpoint_name: str | None = None

    @property
    def shapes(self) -> Mapping[str, Shape]:
        """(n, C) by text encoder."""
        return {encoder: table.shape for encoder, table in self.tables.items()}


def open_inversion(path: Path) -> Inversion:
    """Find the words in a file.

    Raises:
        ModelError: the file cannot be read, or holds something else.
    """
    if path.suffix.lower() == PICTURE_SUFFIX:
        told, written = written_inversion(path)
        return _described(_text(told.get("name")), _tables(written), told)
    found = content(path)
    return _described(None, _tables(tensors_of(found.get(_PARAMETERS, found))), found)


def bundled_inversions(path: Path) -> dict[str, Inversion]:
    """Textual inversions that a LoRA brings along, by name: `bundle_emb.<name>.<…>` in its file.

    Those that make no sense are left out.

    Raises:
        ModelError: the file cannot be read.
    """
    found = content(path)
    bundles: dict[str, dict[str, StoredTensor]] = {}
    for key, tensor in tensors_of(found.get("state_dict", found)).items():
        start, _, rest = key.partition(".")
        name, _, part = rest.partition(".")
        if start == _BUNDLE and part:
            bundles.setdefault(name, {})[part] = tensor
    return {name: found for name, parts in bundles.items() if (found := _bundled(name, parts))}


def _bundled(name: str, parts: Mapping[str, StoredTensor]) -> Inversion | None:
    try:
        return Inversion(name, _tables(parts))
    except ModelError:
        return None


def _described(
    name: str | None, tables: dict[str, StoredTensor | Written], told: Mapping[str, object]
) -> Inversion:
    step = told.get("step")
    return Inversion(
        name,
        tables,
        step if isinstance(step, int) and 0 <= step < _MOST_STEPS else None,
        _text(told.get("sd_checkpoint")),
        _text(told.get("sd_checkpoint_name")),
    )


def _text(value: object) -> str | None:
    return value[:_LONGEST_TEXT] if isinstance(value, str) else None


def _tables(
    tensors: Mapping[str, StoredTensor] | Mapping[str, Written],
) -> dict[str, StoredTensor | Written]:
    given = cast("Mapping[str, StoredTensor | Written]", tensors)
    if all(name in given for name in _FOR_TWO_ENCODERS):
        chosen = {name: given[name] for name in _FOR_TWO_ENCODERS}
    elif len(given) == 1:
        chosen = {_ONE_ENCODER: next(iter(given.values()))}
    else:
        raise ModelError(
            "This is no textual inversion: expected were one tensor, or clip_l and clip_g; it has"
            f" {len(given)}."
        )
    tables = {encoder: _as_rows(tensor) for encoder, tensor in chosen.items()}
    if len({table.shape[0] for table in tables.values()}) > 1:
        raise ModelError("This is no textual inversion: clip_l and clip_g differ in their rows.")
    return tables


def _as_rows(tensor: StoredTensor | Written) -> StoredTensor | Written:
    shape = (1, *tensor.shape) if len(tensor.shape) == 1 else tensor.shape
    if len(shape) != 2 or not 0 < shape[0] < _WIDEST or not 0 < shape[1] < _WIDEST:
        raise ModelError("This is no textual inversion: its tensor holds no rows of words.")
    if isinstance(tensor, Written):
        return Written(shape, tensor.numbers)
    return StoredTensor(shape, tensor.dtype, tensor.slices, tensor.is_transposed)
