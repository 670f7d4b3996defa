"""Single-file checkpoints on disk: names, shapes and memory-mapped tensors, or why not."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from struct import unpack
from typing import Protocol

from safetensors import SafetensorError, safe_open
from torch import Tensor

from tintype.errors import ModelError

_PICKLE_SUFFIXES = (".ckpt", ".pt", ".pth", ".bin")
_PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")
_PICKLE_WORDS = (
    "This is a pickle, which may run code when it is read. Convert it to .safetensors, or download"
    " the .safetensors file that most models also come as."
)
_OLD_TEXT = "cond_stage_model.transformer."
_OLD_TEXT_PARTS = ("embeddings.", "encoder.", "final_layer_norm.")
_TURBO_TEXT = "conditioner.embedders.0."


class _Slice(Protocol):
    def get_shape(self) -> list[int]: ...


class _Handle(Protocol):
    """The part of `safe_open` used here, which its stubs leave untyped."""

    def offset_keys(self) -> list[str]: ...
    def metadata(self) -> dict[str, str] | None: ...
    def get_slice(self, name: str) -> _Slice: ...
    def get_tensor(self, name: str) -> Tensor: ...


class CheckpointFile:
    """An open checkpoint; names are those of the reference layouts, whatever the file's age.

    Attributes:
        metadata: the header's free text.
        shapes: shape of every tensor.
    """

    def __init__(self, handle: _Handle) -> None:
        stored = {key: tuple(handle.get_slice(key).get_shape()) for key in handle.offset_keys()}
        self.metadata: Mapping[str, str] = handle.metadata() or {}
        self._handle = handle
        self._stored = _reference_names(stored)
        self.shapes = {name: stored[key] for name, key in self._stored.items()}

    def tensor(self, name: str) -> Tensor:
        """A tensor of `shapes`, mapped from the file and read from disk when first touched.

        Raises:
            ModelError: it is stored as a type that torch does not know.
        """
        try:
            return self._handle.get_tensor(self._stored[name])
        except SafetensorError as error:
            raise ModelError(f"The tensor {name} cannot be read: {error}") from error


@contextmanager
def open_checkpoint(path: Path) -> Generator[CheckpointFile]:
    """Open a safetensors file; its tensors stay valid after it is closed.

    The file may be replaced by renaming while tensors are in use, but not be cut short in place.

    Raises:
        ModelError: the file is missing, torn, a pickle or not a safetensors file.
    """
    if not path.is_file():
        raise ModelError("There is no such checkpoint file.")
    if path.suffix.lower() in _PICKLE_SUFFIXES:
        raise ModelError(_PICKLE_WORDS)
    try:
        handle = safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise ModelError(why_unreadable(path)) from error
    with handle:
        yield CheckpointFile(handle)


def _reference_names(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Reference name → stored name."""
    is_turbo = shapes.get(f"{_TURBO_TEXT}model.ln_final.weight") == (1024,)
    names: dict[str, str] = {}
    for key in shapes:
        name = key
        if is_turbo and key.startswith(_TURBO_TEXT):
            name = f"cond_stage_model.{key.removeprefix(_TURBO_TEXT)}"
        elif key.startswith(tuple(_OLD_TEXT + part for part in _OLD_TEXT_PARTS)):
            name = f"{_OLD_TEXT}text_model.{key.removeprefix(_OLD_TEXT)}"
        names[name] = key
    return names


def why_unreadable(path: Path) -> str:
    """What is wrong with a safetensors file that would not open."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        if start.startswith(_PICKLE_STARTS) and start[4:] != bytes(4):
            return _PICKLE_WORDS
        length = int(unpack("<Q", start)[0]) if len(start) == 8 else 0
        follows = file.read(1)
        if size < 8 or (follows == b"{" and 8 + length > size):
            return "The file is torn: it ends within its header. Download or copy it again."
        if follows != b"{":
            return "This is not a safetensors file."
        promised = 8 + length + _promised_bytes(follows + file.read(length - 1))
    if promised > size:
        return f"The file is torn: {size} of {promised} bytes are there. Download or copy it again."
    return "The file's header is not valid safetensors."


def _promised_bytes(header: bytes) -> int:
    """Bytes of tensors that a header speaks of; 0 if it cannot be read."""
    try:
        entries = json.loads(header)
        return max(item["data_offsets"][1] for key, item in entries.items() if key[:2] != "__")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        return 0
